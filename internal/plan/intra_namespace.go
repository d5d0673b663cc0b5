package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// intraNamespace allows all flows between a tenant's pods of one namespace.
func intraNamespace(f *policy.Fence, t *policy.Tenant) []sideRule {
	if !t.IntraNamespace {
		return nil
	}
	var out []sideRule
	for _, ns := range t.Namespaces {
		own := t.PeerIn(ns)
		for _, d := range policy.Directions() {
			out = append(out, sideRule{
				namespace: ns, tenant: own.Tenant, name: tenantPolicyName(t, "allow-intra-namespace"), family: policy.IntraNamespace,
				subject: t.Pods, declared: t.Pods,
				rule: policy.Rule{Direction: d, Peers: []policy.Peer{own}}, reasons: []policy.Reason{f.Profile.Child("baseline.intraNamespace")},
			})
		}
	}
	return out
}
