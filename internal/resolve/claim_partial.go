package resolve

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// canShare refuses spec.pods in the tenant's own namespace if the tenant must be in Enforce, because
// other pods have no default-deny. It also refuses a shared namespace without spec.pods.
func (r *claimPass) canShare(t *tenant, ns string, at *field.Path) bool {
	switch isShared := r.isShared(ns); {
	case isShared && t.spec.Pods == nil:
		r.refuseNamespace(report.NamespaceShared, t, ns, at, "is in sharedNamespaces of the profile, where a Tenant has only the pods in spec.pods: set spec.pods")
	case !isShared && t.spec.Pods != nil && !t.mayAllowOnly:
		r.refusedNamespaces = append(r.refusedNamespaces, ns)
		r.refuse(report.NamespaceNotShared, t.ref, t.path.Child("pods"),
			"leaves other pods of namespace %q without default-deny, and the profile requires Enforce of this Tenant: remove spec.pods, or add AllowOnly to %s or the namespace to sharedNamespaces in the profile", ns, t.limitField("enforcement"))
	default:
		return true
	}
	return false
}

// checkPartial compares spec.pods of tenants with the pods of namespaces that are fenced in part.
func (r *claimPass) checkPartial() {
	for _, ns := range slices.Sorted(maps.Keys(r.partialTenants)) {
		all := r.partialTenants[ns]
		for i, t := range all {
			if !r.index.WithoutResources && !r.index.Partial && len(r.index.WorkloadsIn(ns, t.Selector)) == 0 {
				r.refuse(report.PodsNotFound, t.ref, t.path.Child("pods"), "%s", r.podsNotFound([]string{ns}, t.Selector, ""))
			}
			if r.servesBaseline(ns, t) {
				r.fence.BaselineTenants = append(r.fence.BaselineTenants, t.Name)
			}
			for _, other := range all[:i] {
				r.refuseOverlap(ns, t, other)
			}
		}
	}
}

// servesBaseline reports whether a tenant has pods that the baseline selects in a namespace.
func (r *claimPass) servesBaseline(namespace string, t *tenant) bool {
	b := r.profile.Spec.Baseline
	peers := []policy.Peer{
		{Namespace: b.DNS.Namespace, Pods: endpoints.SelectorOf(b.DNS.Pods)},
		policy.NodeLocalDNS(b.DNS.Namespace),
	}
	if m := b.Monitoring; m != nil {
		peers = append(peers, policy.Peer{Namespace: m.Namespace, Pods: endpoints.SelectorOf(m.Pods)})
	}
	return slices.ContainsFunc(peers, func(p policy.Peer) bool {
		return p.Namespace == namespace && len(r.podPeers(t, []string{namespace}, p.Pods)) > 0
	})
}

// refuseOverlap refuses pods of two tenants at once, also pods that may be created later: else the
// flows of one tenant would apply to pods of the other.
func (r *claimPass) refuseOverlap(ns string, t, other *tenant) {
	both, ok := endpoints.Intersect(t.Selector, other.Selector)
	if !ok {
		return
	}
	at := t.path.Child("pods")
	if pods := r.index.WorkloadsIn(ns, both); len(pods) > 0 {
		r.refuse(report.NamespaceClaimedTwice, t.ref, at, "selects workload %s of namespace %q, which Tenant %q selects too, and a pod belongs to one Tenant: narrow spec.pods of one of them", pods[0].Ref.Name, ns, other.Name)
		return
	}
	r.refuse(report.PodsMayOverlap, t.ref, at, "a pod of namespace %q with these labels and those of Tenant %q would belong to both: select by the same label in matchLabels of both, each with its own value", ns, other.Name)
}
