package engine

import (
	"fmt"
	"net/netip"
	"regexp"

	"github.com/cilium/cilium/pkg/fqdn/dns"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
)

// nameSelector is a toFQDNs selector of some policy.
type nameSelector struct {
	label   labels.Label
	pattern *regexp.Regexp
}

var dnsName = regexp.MustCompile(`^[-a-zA-Z0-9_]+([.][-a-zA-Z0-9_]+)*[.]?$`)

// name returns the identities of a name's address: as an agent that saw the DNS
// answer labels it, with every selector that matches the name.
//
// An address that also lies in a CIDR of some policy is not told apart: which
// address a name has is not known.
func (e *Engine) name(name string) ([]variant, error) {
	if _, err := netip.ParseAddr(name); err == nil || len(name) > 255 || !dnsName.MatchString(name) {
		return nil, fmt.Errorf("%q is not a DNS name", name)
	}
	name = dns.FQDN(name)
	matching := labels.Labels{}
	for _, s := range e.names {
		if s.pattern.MatchString(name) {
			matching[s.label.Key] = s.label
		}
	}
	var all []variant
	for _, world := range []struct {
		what   string
		labels labels.Labels
	}{{"over IPv4", labels.LabelWorldIPv4}, {"over IPv6", labels.LabelWorldIPv6}} {
		unresolved, err := e.identity(world.labels)
		if err != nil {
			return nil, err
		}
		id, err := e.identity(merge(matching, world.labels))
		if err != nil {
			return nil, err
		}
		all = append(all, variant{id: id, what: world.what, unresolved: unresolved, name: name})
	}
	return all, nil
}

// collectNames remembers the toFQDNs selectors of the policies.
func (e *Engine) collectNames(entries types.PolicyEntries) error {
	for _, entry := range entries {
		for _, peer := range entry.L3 {
			selector, ok := peer.GetFQDNSelector()
			if !ok {
				continue
			}
			pattern, err := selector.ToRegex()
			if err != nil {
				return fmt.Errorf("match names with %s: %w", selector, err)
			}
			e.names = append(e.names, nameSelector{label: selector.IdentityLabel(), pattern: pattern})
		}
	}
	return nil
}

// namePatterns compiles DNS rules as the DNS proxy does. The rules of one selector
// are ORed; none at all mean every name.
func namePatterns(rules api.PortRulesDNS) ([]*regexp.Regexp, error) {
	if len(rules) == 0 {
		rules = api.PortRulesDNS{{MatchPattern: "*"}}
	}
	var all []*regexp.Regexp
	for _, r := range rules {
		for _, selector := range []api.FQDNSelector{{MatchName: r.MatchName}, {MatchPattern: r.MatchPattern}} {
			if selector == (api.FQDNSelector{}) {
				continue
			}
			pattern, err := selector.ToRegex()
			if err != nil {
				return nil, fmt.Errorf("match DNS lookups with %s: %w", &selector, err)
			}
			all = append(all, pattern)
		}
	}
	return all, nil
}
