package resolve

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// resolvePeer resolves a peer. found is false if the flow is optional and the peer is not in the
// build. For other flows, it refuses a missing peer.
func (r *resolver) resolvePeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) (resolvedPeers []resolvedPeer, found bool) {
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
func (r *resolver) resolveEntityPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) []resolvedPeer {
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
func (r *resolver) resolveNamedTenant(f *declaredFlow, name string, p v1alpha1.Peer, at, named *field.Path) ([]resolvedPeer, bool) {
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
func (r *resolver) podsOfTenant(f *declaredFlow, t *tenant, p v1alpha1.Peer, at *field.Path, namespaces []string) ([]resolvedPeer, bool) {
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

// peersOfTenant are resolved peers for a tenant's pods.
func (f *declaredFlow) peersOfTenant(peers []policy.Peer, t *tenant, group tenantGroup, at *field.Path) []resolvedPeer {
	var out []resolvedPeer
	for _, peer := range peers {
		e := resolvedPeer{peer: peer, group: group, path: at}
		if f.needsConsent(t, group) {
			e.tenant = t
		}
		out = append(out, e)
	}
	return out
}

// needsConsent reports whether the other tenant must declare its side. Flows of the profile need no
// consent, except those to all tenants without fullMesh.
func (f *declaredFlow) needsConsent(t *tenant, group tenantGroup) bool {
	switch {
	case t == nil || t == f.tenant:
		return false
	case !f.fromProfile:
		return true
	default:
		return group.includesAllTenants() && !f.mesh && !f.tenant.IsNodes()
	}
}

func (r *resolver) resolveAnyTenantPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) []resolvedPeer {
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

func (r *resolver) resolveNamespacePeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
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

// resolveLabelPeer resolves namespaces by labels, {} to all. Those of tenants are listed by name and
// need consent. All others match by their labels, also those that are created later.
func (r *resolver) resolveLabelPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
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
func (r *resolver) checkLabelPeer(f *declaredFlow, p v1alpha1.Peer, namespaces []string, unownedPeers []resolvedPeer, at *field.Path) (keep, found bool) {
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
func (r *resolver) unownedNamespacePeers(p v1alpha1.Peer, at *field.Path) []resolvedPeer {
	if name := p.NamespaceLabels[corev1.LabelMetadataName]; r.owner[name] != nil {
		return nil
	}
	return []resolvedPeer{{peer: policy.Peer{Kind: policy.Pods, NamespaceLabels: p.NamespaceLabels, ExcludedNamespaces: slices.Sorted(maps.Keys(r.owner)), Pods: endpoints.SelectorOf(p.Pods)}, path: at}}
}

// warnNamespaceLabels warns about pods that can join a peer and, in a generator, of the tenants that the
// peer does not include.
func (r *resolver) warnNamespaceLabels(f *declaredFlow, p v1alpha1.Peer, unownedPeers []resolvedPeer, at *field.Path) {
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

// namespacesWith are the namespaces of the build with all of the labels, including the name label of
// every namespace, and the labels that the profile sets on namespaces of tenants.
func (r *resolver) namespacesWith(required map[string]string) []string {
	all := map[string]labels.Set{}
	for name, ns := range r.index.Namespaces {
		all[name] = ns.Labels
	}
	for name := range r.owner {
		if of, known := all[name]; known || len(required) == 0 {
			all[name] = labels.Merge(of, r.profile.Spec.Tenants.NamespaceLabels)
		}
	}
	for name := range r.partialTenants {
		if len(required) == 0 && all[name] == nil {
			all[name] = nil
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if labels.SelectorFromSet(required).Matches(labels.Merge(all[name], labels.Set{corev1.LabelMetadataName: name})) {
			out = append(out, name)
		}
	}
	return out
}

// refuseMissing refuses a peer that is not in the build, unless the flow is optional. It reports
// whether the flow is resolved further.
func (r *resolver) refuseMissing(f *declaredFlow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	if r.index.Partial {
		return true
	}
	r.refuse(report.PeerNotInBuild, f.ref, at, format, args...)
	return true
}

func (r *resolver) warn(check *report.Check, ref report.Ref, path *field.Path, format string, args ...any) {
	r.report(report.Warning, check, ref, path, format, args...)
}
