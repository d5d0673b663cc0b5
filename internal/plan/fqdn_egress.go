package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// fqdnEgress writes a flow to names, and beside it the DNS rule without which no
// name is ever resolved: on the same pods, for just these names. In Audit any name
// may be asked for, since nothing may be denied.
func fqdnEgress(f *policy.Fence, g policy.Grant) []half {
	if n := f.NodeOf(g.From); n != nil && f.GeneratedAt(n) {
		return nodeDNS(f, g)
	}
	out := sides(f, g)
	if g.To.Kind != policy.FQDNs {
		return out
	}
	for _, h := range out {
		names := g.To.FQDNs
		if !enforced(f, h.at()) {
			names = []string{"*"}
		}
		h.rule = dnsRule(f, names)
		out = append(out, h)
	}
	return out
}
