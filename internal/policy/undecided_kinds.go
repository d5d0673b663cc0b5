package policy

import (
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/report"
)

// EnforcesNetworkPolicies reports whether NetworkPolicies have an effect in the cluster.
func (f *Fence) EnforcesNetworkPolicies() bool {
	return f.Cluster.CNI == v1alpha1.CNIKubernetes || f.Agent.Enabled(cilium.EnableNetworkPolicy)
}

// UndecidedKindReason returns the reason why the profile accepts a kind, and whether it does.
func (f *Fence) UndecidedKindReason(ref report.Ref) (string, bool) {
	group, _, _ := strings.Cut(ref.APIVersion, "/")
	for _, k := range f.UndecidedKinds {
		if k.Group == group && k.Kind == ref.Kind {
			return k.Reason, true
		}
	}
	return "", false
}
