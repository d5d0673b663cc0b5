package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// intraNamespace allows all flows among the pods of one namespace.
func intraNamespace(f *policy.Fence, t *policy.Tenant) []half {
	if !t.IntraNamespace {
		return nil
	}
	var out []half
	for _, ns := range t.Namespaces {
		own := []policy.Peer{{Kind: policy.Pods, Namespace: ns}}
		for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
			out = append(out, half{
				namespace: ns, name: "allow-intra-namespace", family: policy.IntraNamespace,
				rule: policy.Rule{Direction: d, Peers: own}, reasons: []policy.Reason{f.Profile.In("baseline.intraNamespace")},
			})
		}
	}
	return out
}
