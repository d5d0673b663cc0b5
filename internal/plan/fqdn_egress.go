package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// fqdnEgress writes a flow to names, and beside it the DNS rule without which no
// name is ever resolved: on the same pods, for just these names. In AllowOnly any name
// may be asked for, since nothing may be denied.
func fqdnEgress(f *policy.Fence, g policy.Grant) []sideRule {
	out := sides(f, g)
	if n := f.NodeOf(g.From); n != nil && f.GeneratesPolicies(n.Enforcement) {
		return append(out, nodeDNS(f, g)...)
	}
	for _, h := range out {
		if names := namesNeedingDNS(f, g, h.at()); len(names) > 0 && h.rule.Direction == policy.Egress {
			h.rule = dnsRule(f, names)
			out = append(out, h)
		}
	}
	return out
}

// namesNeedingDNS are the names for which pods need a DNS rule of their own. For those that end
// at pods it is only needed where the baseline narrows names: no rule waits for the answer.
func namesNeedingDNS(f *policy.Fence, g policy.Grant, at policy.Peer) []string {
	enforced := f.IsEnforced(at)
	switch {
	case g.To.Kind == policy.FQDNs && enforced:
		return g.To.FQDNs
	case g.To.Kind == policy.FQDNs:
		return []string{"*"}
	case enforced && !anyName(f):
		return g.DNSNames
	default:
		return nil
	}
}
