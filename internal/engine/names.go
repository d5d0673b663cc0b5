package engine

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/cilium/cilium/pkg/fqdn/dns"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
)

// nameSelector is a toFQDNs selector of some policy.
type nameSelector struct {
	// text is the name or pattern.
	text    string
	label   labels.Label
	pattern *regexp.Regexp
}

func (s nameSelector) isPattern() bool { return strings.Contains(s.text, "*") }

func (s nameSelector) matches(name string) bool { return s.pattern.MatchString(dns.FQDN(name)) }

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
		if s.matches(name) {
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

// collect remembers what the policies tell apart: pods by their labels, networks and
// names.
func (e *Engine) collect(entries types.PolicyEntries) error {
	for _, entry := range entries {
		e.denies = e.denies || entry.IsDeny()
		if err := e.collectSelectors(entry); err != nil {
			return err
		}
		e.collectPlain(entry)
		for _, peer := range entry.L3 {
			e.prefixes = append(e.prefixes, peer.GetCIDRPrefixes()...)
			if err := e.collectName(peer); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) collectName(peer types.Selector) error {
	selector, ok := peer.GetFQDNSelector()
	if !ok {
		return nil
	}
	pattern, err := selector.ToRegex()
	if err != nil {
		return fmt.Errorf("match names with %s: %w", selector, err)
	}
	e.names = append(e.names, nameSelector{text: cmp.Or(selector.MatchName, selector.MatchPattern), label: selector.IdentityLabel(), pattern: pattern})
	return nil
}

// compileNames compiles names and patterns as the DNS proxy does.
func compileNames(names []string) ([]*regexp.Regexp, error) {
	var all []*regexp.Regexp
	for _, name := range names {
		selector := api.FQDNSelector{MatchName: name}
		if strings.Contains(name, "*") {
			selector = api.FQDNSelector{MatchPattern: name}
		}
		pattern, err := selector.ToRegex()
		if err != nil {
			return nil, fmt.Errorf("match DNS lookups with %s: %w", &selector, err)
		}
		all = append(all, pattern)
	}
	return all, nil
}

// matchesName says whether a name may be asked for.
func matchesName(patterns []*regexp.Regexp, name string) bool {
	name = dns.FQDN(name)
	return slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(name) })
}
