package engine

import (
	"iter"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/u8proto"
)

// lookups returns the names and patterns that the pod may query through the DNS proxy, at any DNS
// server. Only after such a query does an agent learn the addresses for a toFQDNs rule. Only UDP
// counts, because resolvers use TCP only for long answers.
func (d *policyMap) lookups() []string {
	var out []string
	for filter, tuple := range d.selectors.RedirectFilters() {
		if !filter.Ingress && filter.U8Proto == u8proto.UDP && tuple.Policy.L7Parser == ciliumpolicy.ParserTypeDNS {
			out = append(out, d.lookupsOf(filter, tuple)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lookupsOf returns the names that may be queried at the servers of one DNS rule. The proxy ORs
// the rules of all selectors of the port that select the server. A selector without rules
// allows all names.
func (d *policyMap) lookupsOf(filter *ciliumpolicy.L4Filter, rule ciliumpolicy.PerSelectorPolicyTuple) []string {
	servers := rule.Selector.GetSelections()
	if len(servers) == 0 {
		// No known pod is the DNS server: assume that it exists.
		return namesOf(rule.Policy.DNS)
	}
	var out []string
	done := map[ciliumpolicy.CachedSelector]bool{}
	for server, port := range d.portsOf(filter, servers) {
		key := ciliumpolicy.EgressKey().WithIdentity(server).WithPortProto(filter.U8Proto, port)
		if entry, _, _ := d.endpointPolicy.Lookup(key); entry.IsDeny() || !entry.IsRedirectEntry() {
			continue
		}
		for selector, perSelector := range filter.PerSelectorPolicies {
			if !done[selector] && !perSelector.IsDeny() && selector.Selects(server) {
				done[selector] = true
				out = append(out, namesOf(dnsRules(perSelector))...)
			}
		}
	}
	return out
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
