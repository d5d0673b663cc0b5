package engine

import (
	"iter"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/u8proto"
)

// mayLookUp reports whether the pod's queries for the name go through the DNS proxy, and are
// allowed there. Only then does an agent learn the addresses for a toFQDNs rule.
func (d *policyMap) mayLookUp(name string) (bool, error) {
	if !d.lookupsRead {
		if err := d.collectLookups(); err != nil {
			return false, err
		}
		d.lookupsRead = true
	}
	return d.lookups.match(name), nil
}

// collectLookups collects the names that the pod may query through the proxy, at any DNS
// server. Only UDP counts, because resolvers use TCP only for long answers.
func (d *policyMap) collectLookups() error {
	for filter, tuple := range d.selectors.RedirectFilters() {
		if filter.Ingress || filter.U8Proto != u8proto.UDP || tuple.Policy.L7Parser != ciliumpolicy.ParserTypeDNS {
			continue
		}
		if err := d.addLookups(filter, tuple); err != nil {
			return err
		}
	}
	return nil
}

// addLookups adds the names that may be queried at the servers of one DNS rule. The proxy ORs
// the rules of all selectors of the port that select the server. A selector without rules
// allows all names.
func (d *policyMap) addLookups(filter *ciliumpolicy.L4Filter, rule ciliumpolicy.PerSelectorPolicyTuple) error {
	servers := rule.Selector.GetSelections()
	if len(servers) == 0 {
		// No known pod is the DNS server: assume that it exists.
		return d.lookups.add(namesOf(rule.Policy.DNS))
	}
	done := map[ciliumpolicy.CachedSelector]bool{}
	for server, port := range d.portsOf(filter, servers) {
		key := ciliumpolicy.EgressKey().WithIdentity(server).WithPortProto(filter.U8Proto, port)
		if entry, _, _ := d.endpointPolicy.Lookup(key); entry.IsDeny() || !entry.IsRedirectEntry() {
			continue
		}
		for selector, perSelector := range filter.PerSelectorPolicies {
			if done[selector] || perSelector.IsDeny() || !selector.Selects(server) {
				continue
			}
			done[selector] = true
			if err := d.lookups.add(namesOf(dnsRules(perSelector))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *policyMap) portsOf(filter *ciliumpolicy.L4Filter, servers identity.NumericIdentitySlice) iter.Seq2[identity.NumericIdentity, uint16] {
	if filter.PortName != "" {
		return iter.Seq2[identity.NumericIdentity, uint16](
			d.selectors.GetEgressNamedPorts(filter.PortName, filter.U8Proto, slices.Values(servers)))
	}
	return func(yield func(identity.NumericIdentity, uint16) bool) {
		for _, id := range servers {
			if !yield(id, filter.Port) {
				return
			}
		}
	}
}

func dnsRules(p *ciliumpolicy.PerSelectorPolicy) api.PortRulesDNS {
	if p == nil {
		return nil
	}
	return p.DNS
}
