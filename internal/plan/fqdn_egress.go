package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// fqdnEgress plans a flow to DNS names, together with the DNS rule that resolves them: on the same
// pods, for exactly these names. In AllowOnly, the rule allows any name, because nothing may be
// denied.
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

// namesNeedingDNS returns the names for which pods need a DNS rule. Names that resolve to pods need
// it only if the baseline restricts DNS names, because no FQDN rule depends on the response.
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
