package resolve

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// systemNamespaces run the cluster itself: where no Tenant has one, it is not fenced,
// whatever the scope.
var systemNamespaces = []string{"kube-node-lease", "kube-public", "kube-system"}

// resolveScope says what cluster-wide policies are about, where the profile wants some.
func (r *resolver) resolveScope() {
	if r.profile.Spec.Scope != v1alpha1.ScopeCluster {
		return
	}
	r.require(policy.AdditivePolicies, r.profile.Ref, r.profile.Path.Child("scope"), "Cluster", "before it, a cluster-wide allow closes namespaces in AllowOnly: write Namespace")
	excluded := map[string]bool{}
	for _, e := range r.profile.Spec.ExcludedNamespaces {
		excluded[e.Name] = true
	}
	for _, ns := range r.profile.Spec.SharedNamespaces {
		excluded[ns] = true
	}
	for _, ns := range systemNamespaces {
		if r.owner[ns] == nil && !r.unreadNamespaces[ns] {
			excluded[ns] = true
		}
	}
	r.fence.Clusterwide = &policy.Clusterwide{Enforcement: r.profile.Spec.Enforcement, Excluded: slices.Sorted(maps.Keys(excluded))}
}

// deniesUnclaimed says whether a namespace that nobody has is closed.
func (r *resolver) deniesUnclaimed() bool {
	return r.fence.Clusterwide != nil && r.fence.Clusterwide.Enforcement == v1alpha1.Enforce
}

// refuseUnclaimedNamespaces refuses namespaces that cluster-wide policies close and nobody has:
// nothing that their pods need is allowed.
func (r *resolver) refuseUnclaimedNamespaces() {
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
	for _, ns := range slices.Sorted(maps.Keys(at)) {
		if r.fence.UnclaimedNamespace(ns) && !r.unreadNamespaces[ns] {
			r.refuse(report.NamespaceUnfenced, r.profile.Ref, at[ns],
				"namespace %q has no Tenant, and scope Cluster closes it but for the baseline: give it a Tenant, or list it in excludedNamespaces with the reason", ns)
		}
	}
}

// reportDefaultDeny says how far a cluster-wide default-deny reaches.
func (r *resolver) reportDefaultDeny() {
	if r.deniesUnclaimed() {
		r.report(report.Info, report.AllNamespacesDefaultDenied, r.profile.Ref, r.profile.Path.Child("scope"),
			"every namespace of the cluster is closed, also one that is not in this build, but for tenants in AllowOnly and %s: list whatever else must stay open in excludedNamespaces, with the reason",
			strings.Join(r.fence.Clusterwide.Excluded, ", "))
	}
}
