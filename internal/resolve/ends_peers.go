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

// resolvePeer resolves a peer. found is false if the flow is optional and the peer is not in the
// build. For other flows, it refuses a missing peer.
func (r *endsPass) resolvePeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) (resolvedPeers []resolvedPeer, found bool) {
	switch {
	case p.Tenant != "":
		return r.resolveNamedTenant(f, p.Tenant, p, at, at.Child("tenant"))
	case p.AnyTenant:
		return r.resolveAnyTenantPeer(f, p, at), true
	case p.Children:
		return r.resolveChildrenPeer(f, p, at)
	case p.Parent:
		return r.resolveParentPeer(f, p, at)
	case p.Namespace != "":
		return r.resolveNamespacePeer(f, p, at)
	case p.NamespaceLabels != nil:
		return r.resolveLabelPeer(f, p, at)
	case p.Service != "":
		return r.resolveServicePeer(f, p.Service, at.Child("service"))
	case len(p.Entities) > 0:
		return r.resolveEntityPeer(f, p, at), true
	case len(p.CIDRs) > 0:
		r.checkCIDRLimits(f, p.CIDRs, p.Except, at.Child("cidrs"))
		return []resolvedPeer{{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: p.CIDRs, Except: p.Except}, path: at}}, true
	case len(p.FQDNs) > 0:
		fqdns := at.Child("fqdns")
		r.checkFQDNLimits(f, p.FQDNs, fqdns)
		return r.resolveNames(f, flowNames{names: p.FQDNs, ports: f.ports, path: at, at: fqdns.Index})
	default:
		return r.podsOfTenant(f, f.tenant, p, at, f.tenant.Namespaces)
	}
}

// resolveEntityPeer resolves entities. It replaces world-ipv4 and world-ipv6 by networks: agents know
// these entities, and the custom resource does not.
func (r *endsPass) resolveEntityPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) []resolvedPeer {
	r.checkEntityLimits(f, p.Entities, at.Child("entities"))
	entities, cidrs := policy.Peer{Kind: policy.Entities}, policy.Peer{Kind: policy.CIDRs}
	for _, e := range p.Entities {
		switch e {
		case v1alpha1.EntityWorldIPv4:
			cidrs.CIDRs = append(cidrs.CIDRs, "0.0.0.0/0")
		case v1alpha1.EntityWorldIPv6:
			cidrs.CIDRs = append(cidrs.CIDRs, "::/0")
		default:
			entities.Entities = append(entities.Entities, e)
		}
	}
	var out []resolvedPeer
	if len(entities.Entities) > 0 {
		out = append(out, resolvedPeer{peer: entities, path: at})
	}
	if len(cidrs.CIDRs) > 0 {
		out = append(out, resolvedPeer{peer: cidrs, path: at})
	}
	return out
}

// resolveNamedTenant resolves the pods of the Tenant that a field of the peer names.
func (r *endsPass) resolveNamedTenant(f *declaredFlow, name string, p v1alpha1.Peer, at, named *field.Path) ([]resolvedPeer, bool) {
	t := r.byName[name]
	if t == nil && r.unread[name] {
		return nil, true
	}
	if t == nil {
		return nil, r.refuseMissing(f, named, "Tenant %q is not in the build: %s", name, correction(name, r.tenantNames(), "add the Tenant"+orRemovePeer))
	}
	return r.podsOfTenant(f, t, p, at, t.Namespaces)
}

// podsOfTenant are a tenant's pods in some of its namespaces. Pods of another tenant need its consent,
// unless the profile declares the flow.
func (r *endsPass) podsOfTenant(f *declaredFlow, t *tenant, p v1alpha1.Peer, at *field.Path, namespaces []string) ([]resolvedPeer, bool) {
	pods := endpoints.SelectorOf(p.Pods)
	peers := r.podPeers(t, namespaces, pods)
	if len(peers) > 0 || len(namespaces) == 0 {
		return f.peersOfTenant(peers, t, singleTenant, at), true
	}
	why := r.podsNotFound(namespaces, pods, orRemovePeer)
	if i := slices.IndexFunc(namespaces, func(ns string) bool { return r.holderOf(ns) == t && r.isPartial(ns) && r.selectsUnclaimed(ns, pods) }); i >= 0 {
		why = fmt.Sprintf("selects pods that spec.pods of Tenant %q does not select: add namespace: %s to the peer", t.Name, namespaces[i])
	}
	return nil, r.refuseMissing(f, at.Child("pods"), "%s", why)
}

func (r *endsPass) resolveAnyTenantPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) []resolvedPeer {
	if !isTrue(f.limits().AnyTenant) && !r.withinLimits(f, report.AnyTenantOutsideLimits, at.Child("anyTenant"), "every tenant at once", "anyTenant") {
		return nil
	}
	var out []resolvedPeer
	for _, t := range r.tenants {
		if t == f.tenant {
			continue
		}
		out = append(out, f.peersOfTenant(r.podPeers(t, t.Namespaces, endpoints.SelectorOf(p.Pods)), t, anyTenant, at)...)
	}
	return out
}

func (r *endsPass) resolveNamespacePeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
	if r.unreadNamespaces[p.Namespace] {
		return nil, true
	}
	missing := !r.index.WithoutResources && r.index.Namespaces[p.Namespace] == nil
	if fenced := r.fencedPartAlone(f, p, at); len(fenced) > 0 {
		return fenced, true
	}
	if (!missing || r.index.Partial) && !r.checkNamespaceLimit(f, p.Namespace, endpoints.SelectorOf(p.Pods), at.Child("namespace")) {
		return nil, true
	}
	if missing {
		return nil, r.refuseMissing(f, at.Child("namespace"), "namespace %q is not in the build: %s", p.Namespace, correction(p.Namespace, r.namespaceNames(), declareExternal("the Namespace")+orRemovePeer))
	}
	if t := r.owner[p.Namespace]; t != nil {
		return r.podsOfTenant(f, t, p, at, []string{p.Namespace})
	}
	resolvedPeers := r.peersInNamespace(f, p.Namespace, endpoints.SelectorOf(p.Pods), sharedNamespace, at)
	if len(resolvedPeers) == 0 {
		return nil, r.refuseMissing(f, at.Child("pods"), "%s", r.podsNotFound([]string{p.Namespace}, endpoints.SelectorOf(p.Pods), orRemovePeer))
	}
	return resolvedPeers, true
}

// refuseMissing refuses a peer that is not in the build, unless the flow is optional. It reports
// whether the flow is resolved further.
func (r *endsPass) refuseMissing(f *declaredFlow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	if r.index.Partial {
		return true
	}
	r.refuse(report.PeerNotInBuild, f.ref, at, format, args...)
	return true
}

// resolveChildrenPeer resolves the children of a flow's tenant, if the profile declares any.
func (r *endsPass) resolveChildrenPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
	if r.relation.firstEntry(f.tenant.Name) < 0 {
		return nil, r.refuseUndeclared(f, at.Child("children"), "the profile declares no children of Tenant %q: add {parent: %[1]s, names: [...]} to tenants.children of the profile, or remove the peer", f.tenant.Name)
	}
	var out []resolvedPeer
	for _, t := range r.relation.children[f.tenant.Name] {
		out = append(out, f.peersOfTenant(r.podPeers(t, t.Namespaces, endpoints.SelectorOf(p.Pods)), t, childTenants, at)...)
	}
	return out, true
}

// resolveParentPeer resolves the parent of a flow's tenant as if the flow named it. A flow of the
// profile does not require the pods of each parent.
func (r *endsPass) resolveParentPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
	parent := r.byName[f.tenant.parent]
	switch pods := endpoints.SelectorOf(p.Pods); {
	case len(r.relation.unclear[f.tenant.Name]) > 0:
		return nil, true
	case f.tenant.parent == "":
		return nil, r.refuseUndeclared(f, at.Child("parent"), "the profile declares no parent of Tenant %q: add the name to an entry of tenants.children in the profile, or remove the peer", f.tenant.Name)
	case f.fromProfile && !f.optional && parent != nil && len(parent.Namespaces) > 0 && len(r.podPeers(parent, parent.Namespaces, pods)) == 0:
		r.warn(report.ChildrenUnused, f.ref, at.Child("pods"), "the parent of Tenant %q, Tenant %q, has no such pods in the build, so this peer is in no policy of the child: %s",
			f.tenant.Name, parent.Name, r.podsFix(parent.Namespaces, pods, ""))
		return nil, true
	}
	return r.resolveNamedTenant(f, f.tenant.parent, p, at, at.Child("parent"))
}

// refuseUndeclared refuses a peer that the profile gives no meaning for this Tenant, unless the flow is
// optional. It reports whether the flow is resolved further.
func (r *endsPass) refuseUndeclared(f *declaredFlow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	r.refuse(report.ChildrenUndeclared, f.ref, at, format, args...)
	return true
}

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
