package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// intraNamespace allows all flows among a tenant's pods of one namespace.
func intraNamespace(f *policy.Fence, t *policy.Tenant) []half {
	if !t.IntraNamespace {
		return nil
	}
	var out []half
	for _, ns := range t.Namespaces {
		own := t.At(ns)
		for _, d := range policy.Directions() {
			out = append(out, half{
				namespace: ns, tenant: own.Tenant, name: named(t, "allow-intra-namespace"), family: policy.IntraNamespace,
				subject: t.Pods, declared: t.Pods,
				rule: policy.Rule{Direction: d, Peers: []policy.Peer{own}}, reasons: []policy.Reason{f.Profile.In("baseline.intraNamespace")},
			})
		}
	}
	return out
}
