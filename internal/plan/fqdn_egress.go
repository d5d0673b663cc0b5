package plan

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// fqdnEgress plans a flow to DNS names, together with the DNS rule that resolves them: on the same
// pods, for exactly these names. In AllowOnly, the rule allows any name, because nothing may be
// denied.
func fqdnEgress(f *policy.Fence, g policy.Grant) []sideRule {
	out := sides(f, g)
	if n := f.OwnerOf(g.From); n != nil && n.IsNodes() && f.GeneratesPolicies(n.Enforcement) {
		return append(out, fencedDNS(f, g)...)
	}
	for _, h := range out {
		if h.rule.Direction != flow.Egress {
			continue
		}
		names, withBaseline := namesNeedingDNS(f, g, h)
		if len(names) > 0 {
			h.rule = dnsRule(f, names)
			out = append(out, h)
		}
		if len(names) > 0 && !withBaseline {
			out = append(out, fencedDNS(f, g)...)
		}
	}
	return out
}

// namesNeedingDNS returns the names for which pods need a DNS rule, and reports whether they have the
// baseline's DNS, too. Names that resolve to pods need it only if the baseline's DNS does not allow
// them, because no FQDN rule depends on the response. A NetworkPolicy has no DNS rules, so it would
// allow every name.
func namesNeedingDNS(f *policy.Fence, g policy.Grant, h sideRule) (names []string, withBaseline bool) {
	enforced := f.IsEnforced(h.at())
	owner := f.OwnerOf(h.at())
	withBaseline = owner != nil && owner.HaveDNS(h.subject)
	switch {
	case f.Policies == v1alpha1.PoliciesKubernetes || len(g.To.FQDNs)+len(g.DNSNames) == 0:
		return nil, withBaseline
	case !enforced && (g.To.Kind == policy.FQDNs || !withBaseline):
		return []string{"*"}, withBaseline
	case g.To.Kind == policy.FQDNs:
		return g.To.FQDNs, withBaseline
	case enforced && (!withBaseline || !anyName(f)):
		return g.DNSNames, withBaseline
	default:
		return nil, withBaseline
	}
}
