package policy

import (
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// DecidesNetworkPolicies reports whether NetworkPolicies have an effect in the cluster.
func (f *Fence) DecidesNetworkPolicies() bool {
	return f.Cluster.CNI == v1alpha1.CNIKubernetes || f.Agent.On(EnableNetworkPolicy)
}

// AcceptsPolicies is the reason for which the profile accepts a kind, and whether it does.
func (f *Fence) AcceptsPolicies(ref Ref) (string, bool) {
	group, _, _ := strings.Cut(ref.APIVersion, "/")
	for _, k := range f.UndecidedKinds {
		if k.Group == group && k.Kind == ref.Kind {
			return k.Reason, true
		}
	}
	return "", false
}
