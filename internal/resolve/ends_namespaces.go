package resolve

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// peersInNamespace are the pods that a selector selects in a namespace. Those of other tenants need
// consent.
func (r *endsPass) peersInNamespace(f *declaredFlow, namespace string, pods endpoints.Selector, group tenantGroup, at *field.Path) []resolvedPeer {
	peers, owners := r.podsByTenant(namespace, pods)
	if len(peers) == 1 && group == sharedNamespace {
		group = singleTenant
	}
	var out []resolvedPeer
	for i, peer := range peers {
		out = append(out, f.peersOfTenant([]policy.Peer{peer}, owners[i], group, at)...)
	}
	return out
}

// sharedNamespacePeers are the pods of tenants in a namespace that is fenced in part.
func (r *endsPass) sharedNamespacePeers(f *declaredFlow, namespace string, pods endpoints.Selector, group tenantGroup, at *field.Path) []resolvedPeer {
	return slices.DeleteFunc(r.peersInNamespace(f, namespace, pods, group, at), func(e resolvedPeer) bool { return r.ownerOf(e.peer) == nil })
}

// checkNamespaceLimit checks limits.namespaces, which is about pods without a tenant: those of a
// tenant need its consent instead. A tenant needs no limit for the pods of its own namespace that
// spec.pods does not select.
func (r *endsPass) checkNamespaceLimit(f *declaredFlow, namespace string, pods endpoints.Selector, at *field.Path) bool {
	if r.owner[namespace] != nil || r.holderOf(namespace) == f.tenant || len(r.partialTenants[namespace]) > 0 && !r.selectsUnclaimed(namespace, pods) {
		return true
	}
	return slices.Contains(f.limits().Namespaces, namespace) ||
		r.withinLimits(f, report.NamespaceOutsideLimits, at, fmt.Sprintf("namespace %q", namespace), "namespaces")
}

// fencedPartAlone are the pods of the tenant that fences a namespace of its own in part, if
// limits.namespaces omits the namespace: these pods need consent alone. It is empty if the limit
// permits the other pods too, or the peer has none of the tenant's.
func (r *endsPass) fencedPartAlone(f *declaredFlow, p v1alpha1.Peer, at *field.Path) []resolvedPeer {
	t := r.holderOf(p.Namespace)
	if t == nil || t == f.tenant || f.fromProfile || !t.SharesNamespaces() || slices.Contains(f.limits().Namespaces, p.Namespace) {
		return nil
	}
	pods := endpoints.SelectorOf(p.Pods)
	peers := r.podPeers(t, []string{p.Namespace}, pods)
	if len(peers) > 0 && r.selectsUnclaimed(p.Namespace, pods) {
		r.warn(report.NamespaceOutsideLimits, f.ref, at.Child("namespace"), "pods of namespace %q that spec.pods of Tenant %q does not select are outside limits.namespaces of Tenant %q, so the flow excludes them: narrow pods to those of Tenant %[2]q, or add the namespace to limits.namespaces in the profile",
			p.Namespace, t.Name, f.tenant.Name)
	}
	return f.peersOfTenant(peers, t, singleTenant, at)
}

// resolveLabelPeer resolves namespaces by labels, {} to all. Those of tenants are listed by name and
// need consent. All others match by their labels, also those that are created later.
func (r *endsPass) resolveLabelPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
	if !isTrue(f.limits().NamespaceLabels) && !r.withinLimits(f, report.NamespaceLabelsOutsideLimits, at.Child("namespaceLabels"), "naming namespaces by label", "namespaceLabels") {
		return nil, true
	}
	group, pods := namespacesByLabel, endpoints.SelectorOf(p.Pods)
	if p.AnyNamespace() {
		group = anyNamespace
	}
	namespaces, unownedPeers := r.namespacesWith(p.NamespaceLabels), r.unownedNamespacePeers(p, at)
	var out []resolvedPeer
	for _, name := range namespaces {
		if t := r.owner[name]; t != nil {
			out = append(out, f.peersOfTenant(r.podPeers(t, []string{name}, pods), t, group, at)...)
		} else {
			out = append(out, r.sharedNamespacePeers(f, name, pods, group, at)...)
		}
	}
	if len(out) == 0 && group == namespacesByLabel && !r.index.WithoutResources {
		if keep, found := r.checkLabelPeer(f, p, namespaces, unownedPeers, at); !keep {
			return nil, found
		}
	}
	r.warnNamespaceLabels(f, p, unownedPeers, at)
	return append(out, unownedPeers...), true
}

// checkLabelPeer reports mistakes in a peer that selects no tenant's pods. keep reports whether the
// rule by labels stays, and found whether the flow is resolved further.
func (r *endsPass) checkLabelPeer(f *declaredFlow, p v1alpha1.Peer, namespaces []string, unownedPeers []resolvedPeer, at *field.Path) (keep, found bool) {
	unowned := func(name string) bool { return r.owner[name] == nil }
	switch {
	case len(namespaces) == 0:
		return false, r.refuseMissing(f, at.Child("namespaceLabels"), "no namespace in the build has these labels: %s", labelFix(r.namespaceLabels(), p.NamespaceLabels, declareExternal("the Namespace")+orRemovePeer))
	case slices.ContainsFunc(namespaces, unowned):
	case f.optional || len(unownedPeers) == 0:
		return false, r.refuseMissing(f, at.Child("pods"), "%s", r.podsNotFound(namespaces, endpoints.SelectorOf(p.Pods), orRemovePeer))
	default:
		r.warn(report.PeerPodsNotFound, f.ref, at.Child("pods"), "%s", r.podsNotFound(namespaces, endpoints.SelectorOf(p.Pods), ""))
	}
	return true, true
}

// unownedNamespacePeers is the rule for namespaces with these labels and without a tenant, also those
// that are created later. It is empty if the labels include the name of a tenant's namespace.
func (r *endsPass) unownedNamespacePeers(p v1alpha1.Peer, at *field.Path) []resolvedPeer {
	if name := p.NamespaceLabels[corev1.LabelMetadataName]; r.owner[name] != nil {
		return nil
	}
	return []resolvedPeer{{peer: policy.Peer{Kind: policy.Pods, NamespaceLabels: p.NamespaceLabels, ExcludedNamespaces: slices.Sorted(maps.Keys(r.owner)), Pods: endpoints.SelectorOf(p.Pods)}, path: at}}
}

// warnNamespaceLabels warns about pods that can join a peer and, in a generator, of the tenants that the
// peer does not include.
func (r *endsPass) warnNamespaceLabels(f *declaredFlow, p v1alpha1.Peer, unownedPeers []resolvedPeer, at *field.Path) {
	at = at.Child("namespaceLabels")
	if !p.AnyNamespace() && r.index.WithoutResources && len(r.owner) > 0 {
		r.warn(report.NamespaceLabelsInGenerator, f.ref, at, "a generator sees no labels of namespaces, so this peer excludes the namespaces of all Tenants: name the Tenants as peers, or list the fence in transformers")
	}
	switch {
	case len(unownedPeers) == 0:
	case !p.AnyNamespace():
		r.warn(report.NamespaceLabelsSpoofable, f.ref, at, "anyone with permission to label a namespace can join this peer: name the namespaces instead if they are known")
	default:
		which := "every pod of the cluster"
		if p.Pods != nil {
			which = "every pod of the cluster that has the labels in pods"
		}
		r.warn(report.NamespaceLabelsSpoofable, f.ref, at, "{} selects every namespace: %s can join this peer, also from namespaces that are created later: name the namespaces instead if they are known", which)
	}
}
