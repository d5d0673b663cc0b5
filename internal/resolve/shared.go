package resolve

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// shared says whether several tenants may have a namespace.
func (r *resolver) shared(namespace string) bool {
	return slices.Contains(r.profile.Spec.SharedNamespaces, namespace)
}

// mayShare refuses spec.pods where the other pods of a namespace would be left open, and
// a shared namespace without them.
func (r *resolver) mayShare(t *tenant, ns string, at *field.Path) bool {
	switch shared := r.shared(ns); {
	case shared && t.spec.Pods == nil:
		r.refuse("shared-namespace", t.ref, at, "namespace %q is one of the profile's sharedNamespaces, of which a tenant has only some pods: select them in spec.pods", ns)
	case !shared && t.spec.Pods != nil:
		r.refuse("not-shared", t.ref, t.path.Child("pods"),
			"would leave the other pods of namespace %q open, which is not one of the profile's sharedNamespaces: remove it, list the namespace there, or make the pods in shared namespaces a Tenant of their own", ns)
	default:
		return true
	}
	return false
}

// checkShared holds what tenants select in shared namespaces against the pods there.
func (r *resolver) checkShared() {
	for _, ns := range r.profile.Spec.SharedNamespaces {
		all := r.sharers[ns]
		for i, t := range all {
			if !r.index.Blind && !r.index.Partial && len(r.index.In(ns, t.Pods)) == 0 {
				r.refuse("no-such-pods", t.ref, t.path.Child("pods"), "selects no pod of %q in the build: correct the labels, or tell the pods as inventory", ns)
			}
			if r.serves(ns, t) {
				r.fence.BaselineTenants = append(r.fence.BaselineTenants, t.Name)
			}
			for _, other := range all[:i] {
				r.refuseOverlap(ns, t, other)
			}
		}
	}
}

// serves says whether a tenant has pods in a namespace that the baseline names.
func (r *resolver) serves(namespace string, t *tenant) bool {
	b := r.profile.Spec.Baseline
	peers := []policy.Peer{
		{Namespace: b.DNS.Namespace, Pods: policy.PodsOf(b.DNS.Pods)},
		policy.NodeLocalDNS(b.DNS.Namespace),
	}
	if m := b.Monitoring; m != nil {
		peers = append(peers, policy.Peer{Namespace: m.Namespace, Pods: policy.PodsOf(m.Pods)})
	}
	return slices.ContainsFunc(peers, func(p policy.Peer) bool {
		return p.Namespace == namespace && len(r.podEnds(t, []string{namespace}, p.Pods)) > 0
	})
}

// refuseOverlap refuses pods of two tenants at once, also those that may come: what one
// tenant allows would else open another's.
func (r *resolver) refuseOverlap(ns string, t, other *tenant) {
	both, ok := policy.Both(t.Pods, other.Pods)
	if !ok {
		return
	}
	at := t.path.Child("pods")
	if pods := r.index.In(ns, both); len(pods) > 0 {
		r.refuse("claimed-twice", t.ref, at, "selects %s of namespace %q, which Tenant %q selects too: a pod belongs to one tenant", pods[0].Ref.Name, ns, other.Name)
		return
	}
	r.refuse("pods-may-overlap", t.ref, at, "a pod of namespace %q with these labels and those of Tenant %q would belong to both: have both select by one label in matchLabels, each by a value of its own", ns, other.Name)
}

// ownerOfPod is the tenant that has a workload's pods, or nil.
func (r *resolver) ownerOfPod(w *resource.Workload) *tenant {
	if t := r.owner[w.Ref.Namespace]; t != nil {
		return t
	}
	all := r.sharers[w.Ref.Namespace]
	if i := slices.IndexFunc(all, func(t *tenant) bool { return policy.Selects(t.Pods, w.Labels) }); i >= 0 {
		return all[i]
	}
	return nil
}

// ownerOf is the tenant that has a peer's pods, or nil.
func (r *resolver) ownerOf(p policy.Peer) *tenant {
	if p.Tenant != "" {
		return r.byName[p.Tenant]
	}
	return r.owner[p.Namespace]
}

// partsOf are the pods that a selector selects in a namespace, by whose they are, each
// with its tenant or, for nobody's, nil.
func (r *resolver) partsOf(namespace string, pods policy.Selector) (peers []policy.Peer, owners []*tenant) {
	for _, t := range append(slices.Clone(r.sharers[namespace]), r.owner[namespace]) {
		if t == nil {
			continue
		}
		for _, peer := range r.podEnds(t, []string{namespace}, pods) {
			peers, owners = append(peers, peer), append(owners, t)
		}
	}
	if r.owner[namespace] != nil || !r.nobodys(namespace, pods) {
		return peers, owners
	}
	return append(peers, policy.Peer{Kind: policy.Pods, Namespace: namespace, Pods: pods}), append(owners, nil)
}

// nobodys says whether a selector may select pods that no tenant has.
func (r *resolver) nobodys(namespace string, pods policy.Selector) bool {
	if r.index.Blind || r.index.Partial || policy.All(pods) {
		return true
	}
	return slices.ContainsFunc(r.index.In(namespace, pods), func(w *resource.Workload) bool { return r.ownerOfPod(w) == nil })
}
