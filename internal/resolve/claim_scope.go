package resolve

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// systemNamespaces run the cluster itself. One without a Tenant is not fenced, whatever the scope.
var systemNamespaces = []string{"kube-node-lease", "kube-public", "kube-system"}

// resolveScope sets the namespaces that cluster-wide policies select, if the profile has scope: Cluster.
func (r *claimPass) resolveScope() {
	if r.profile.Spec.Scope != v1alpha1.ScopeCluster {
		return
	}
	r.require(cilium.AdditivePolicies, r.profile.Ref, r.profile.Path.Child("scope"), "Cluster", "before it, a cluster-wide allow isolates pods in AllowOnly: set scope: Namespace")
	excluded := map[string]bool{}
	for _, e := range r.profile.Spec.ExcludedNamespaces {
		excluded[e.Name] = true
	}
	for _, ns := range slices.Concat(r.profile.Spec.SharedNamespaces, slices.Collect(maps.Keys(r.partialTenants))) {
		excluded[ns] = true
	}
	for _, ns := range systemNamespaces {
		if r.owner[ns] == nil && !r.unreadNamespaces[ns] {
			excluded[ns] = true
		}
	}
	r.fence.Clusterwide = &policy.Clusterwide{Enforcement: r.profile.Spec.Enforcement, Excluded: slices.Sorted(maps.Keys(excluded))}
}

// refuseUnclaimedNamespaces refuses namespaces of the build without a Tenant under a cluster-wide
// default-deny: nothing that their pods need is allowed.
func (r *claimPass) refuseUnclaimedNamespaces() {
	if len(r.tenants) == 0 {
		return
	}
	at := map[string]*field.Path{}
	for ns := range r.index.Namespaces {
		at[ns] = nil
	}
	for _, w := range r.index.Workloads {
		at[w.Ref.Namespace] = nil
	}
	baseline := r.profile.Path.Child("baseline")
	if m := r.profile.Spec.Baseline.Monitoring; m != nil {
		at[m.Namespace] = baseline.Child("monitoring", "namespace")
	}
	at[r.profile.Spec.Baseline.DNS.Namespace] = baseline.Child("dns", "namespace")
	var others []string
	for _, ns := range slices.Sorted(maps.Keys(at)) {
		switch {
		case !r.fence.UnclaimedNamespace(ns) || r.unreadNamespaces[ns]:
		case at[ns] == nil:
			others = append(others, ns)
		default:
			r.refuseUnclaimed([]string{ns}, at[ns])
		}
	}
	if len(others) > 0 {
		r.refuseUnclaimed(others, nil)
	}
}

func (r *claimPass) refuseUnclaimed(namespaces []string, at *field.Path) {
	r.refuse(report.NamespaceUnfenced, r.profile.Ref, at,
		"%s %s no Tenant, and scope: Cluster denies all traffic there except the baseline: give %s a Tenant, or add %[3]s to excludedNamespaces with the reason",
		namespaceList(namespaces), plural(len(namespaces), "has", "have"), plural(len(namespaces), "it", "them"))
}
