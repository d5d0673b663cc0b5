package plan

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// defaultDeny denies both directions for pods of tenants in Enforce, unless a cluster-wide policy
// does.
func defaultDeny(f *policy.Fence) []policy.Policy {
	var out []policy.Policy
	for _, t := range f.Tenants() {
		if t.Enforcement != v1alpha1.Enforce {
			continue
		}
		for _, ns := range t.Namespaces {
			if f.InClusterScope(ns) {
				continue
			}
			out = append(out, policy.Policy{
				Namespace: ns, Name: tenantPolicyName(t, "default-deny"), Owner: t,
				Family: policy.DefaultDeny, Subject: t.Selector, DefaultDeny: flow.Directions(),
				Reasons: []report.Reason{t.EnforcementReason},
			})
		}
	}
	return out
}
