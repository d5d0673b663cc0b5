package resolve

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// endsOf returns what a peer comes to. found is false where it is not in the build
// and the flow is optional; where it is not optional, that is refused here.
func (r *resolver) endsOf(f *flow, p v1alpha1.Peer, at *field.Path) (ends []end, found bool) {
	switch {
	case p.Tenant != "":
		return r.tenantEnds(f, p, at)
	case p.AnyTenant:
		return r.anyTenantEnds(f, p, at), true
	case p.Namespace != "":
		return r.namespaceEnds(f, p, at)
	case p.NamespaceLabels != nil:
		return r.labelledEnds(f, p, at)
	case p.Service != "":
		return r.serviceEnds(f, p.Service, at.Child("service"))
	case len(p.Entities) > 0:
		return r.entityEnds(f, p, at), true
	case len(p.CIDRs) > 0:
		r.cidrsWithin(f, p.CIDRs, p.Except, at.Child("cidrs"))
		return []end{{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: p.CIDRs, Except: p.Except}, path: at}}, true
	case len(p.FQDNs) > 0:
		fqdns := at.Child("fqdns")
		r.fqdnsWithin(f, p.FQDNs, fqdns)
		return r.nameEnds(f, askedNames{names: p.FQDNs, ports: f.ports, path: at, at: fqdns.Index})
	default:
		return r.podsOfTenant(f, f.tenant, p, at, f.tenant.Namespaces)
	}
}

// entityEnds are entities. The two halves of world are written as the networks that
// they are: Cilium's agent knows their names, its custom resource does not.
func (r *resolver) entityEnds(f *flow, p v1alpha1.Peer, at *field.Path) []end {
	r.entitiesWithin(f, p.Entities, at.Child("entities"))
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
	var out []end
	if len(entities.Entities) > 0 {
		out = append(out, end{peer: entities, path: at})
	}
	if len(cidrs.CIDRs) > 0 {
		out = append(out, end{peer: cidrs, path: at})
	}
	return out
}

func (r *resolver) tenantEnds(f *flow, p v1alpha1.Peer, at *field.Path) ([]end, bool) {
	t := r.byName[p.Tenant]
	if t == nil && r.unread[p.Tenant] {
		return nil, true
	}
	if t == nil {
		return nil, r.missing(f, at.Child("tenant"), "there is no Tenant %q in the build: correct the name, or say optional: true", p.Tenant)
	}
	return r.podsOfTenant(f, t, p, at, t.Namespaces)
}

// podsOfTenant are a tenant's pods in some of its namespaces. Another tenant's need
// its consent, unless the profile says the flow.
func (r *resolver) podsOfTenant(f *flow, t *tenant, p v1alpha1.Peer, at *field.Path, namespaces []string) ([]end, bool) {
	pods := policy.PodsOf(p.Pods)
	peers := r.podEnds(t, namespaces, pods)
	if len(peers) == 0 && len(namespaces) > 0 {
		return nil, r.missing(f, at.Child("pods"), "selects no pod of %s in the build: correct the labels, declare the pods as inventory, or set optional: true", quoted(namespaces))
	}
	return f.endsAt(peers, t, named, at), true
}

// endsAt are the ends at a tenant's pods.
func (f *flow) endsAt(peers []policy.Peer, t *tenant, among class, at *field.Path) []end {
	var out []end
	for _, peer := range peers {
		e := end{peer: peer, among: among, path: at}
		if f.needsConsent(t, among) {
			e.tenant = t
		}
		out = append(out, e)
	}
	return out
}

// needsConsent reports whether a tenant at the other side must declare its half. The
// profile's own flows open what they name, and all tenants only where they state a mesh.
func (f *flow) needsConsent(t *tenant, among class) bool {
	switch {
	case t == nil || t == f.tenant:
		return false
	case !f.ofProfile:
		return true
	default:
		return among.all() && !f.mesh && f.node == ""
	}
}

func (r *resolver) anyTenantEnds(f *flow, p v1alpha1.Peer, at *field.Path) []end {
	if !is(f.limits().AnyTenant) && !r.beyond(f, "any-tenant-outside-limits", at.Child("anyTenant"), "every tenant at once", "anyTenant") {
		return nil
	}
	var out []end
	for _, t := range r.tenants {
		if t == f.tenant {
			continue
		}
		out = append(out, f.endsAt(r.podEnds(t, t.Namespaces, policy.PodsOf(p.Pods)), t, anyTenant, at)...)
	}
	return out
}

func (r *resolver) namespaceEnds(f *flow, p v1alpha1.Peer, at *field.Path) ([]end, bool) {
	if r.unreadNamespaces[p.Namespace] || !r.reachesNamespace(f, p.Namespace, policy.PodsOf(p.Pods), at.Child("namespace")) {
		return nil, true
	}
	if !r.index.Blind && r.index.Namespaces[p.Namespace] == nil {
		return nil, r.missing(f, at.Child("namespace"), "namespace %q is not in the build: correct the name, declare the Namespace as inventory, or set optional: true", p.Namespace)
	}
	if t := r.owner[p.Namespace]; t != nil {
		return r.podsOfTenant(f, t, p, at, []string{p.Namespace})
	}
	ends := r.endsIn(f, p.Namespace, policy.PodsOf(p.Pods), sharing, at)
	if len(ends) == 0 {
		return nil, r.missing(f, at.Child("pods"), "selects no pod of %q in the build: correct the labels, tell the pods as inventory, or say optional: true", p.Namespace)
	}
	return ends, true
}

// endsIn are the pods that a selector selects in a namespace. Those of other tenants
// need consent, without which they are left out where others are selected too.
func (r *resolver) endsIn(f *flow, namespace string, pods policy.Selector, among class, at *field.Path) []end {
	peers, owners := r.partsOf(namespace, pods)
	if len(peers) == 1 && among == sharing {
		among = named
	}
	var out []end
	for i, peer := range peers {
		out = append(out, f.endsAt([]policy.Peer{peer}, owners[i], among, at)...)
	}
	return out
}

// reachesNamespace checks limits.namespaces, which covers the pods of nobody: a
// tenant's need the tenant's consent instead.
func (r *resolver) reachesNamespace(f *flow, namespace string, pods policy.Selector, at *field.Path) bool {
	if r.owner[namespace] != nil || len(r.sharers[namespace]) > 0 && !r.nobodys(namespace, pods) {
		return true
	}
	return slices.Contains(f.limits().Namespaces, namespace) ||
		r.beyond(f, "namespace-outside-limits", at, fmt.Sprintf("namespace %q", namespace), "namespaces")
}

// labelledEnds are the namespaces with these labels, {} all: those of tenants by name, with
// consent, and all others by their labels, also those that are created later.
func (r *resolver) labelledEnds(f *flow, p v1alpha1.Peer, at *field.Path) ([]end, bool) {
	if !is(f.limits().NamespaceLabels) && !r.beyond(f, "namespace-labels-outside-limits", at.Child("namespaceLabels"), "naming namespaces by label", "namespaceLabels") {
		return nil, true
	}
	among, pods := labelled, policy.PodsOf(p.Pods)
	if p.AnyNamespace() {
		among = anyNamespace
	}
	namespaces, later := r.namespacesWith(p.NamespaceLabels), r.laterEnds(p, at)
	var out []end
	for _, name := range namespaces {
		if t := r.owner[name]; t != nil {
			out = append(out, f.endsAt(r.podEnds(t, []string{name}, pods), t, among, at)...)
		} else {
			out = append(out, r.sharedEnds(f, name, pods, among, at)...)
		}
	}
	if len(out) == 0 && among == labelled && !r.index.Blind {
		if stands, found := r.checkLabelled(f, namespaces, later, at); !stands {
			return nil, found
		}
	}
	r.warnLabels(f, p, later, at)
	return append(out, later...), true
}

// checkLabelled reports what may be wrong with a peer that selects no tenant's pods. It
// returns whether the rule by its labels is kept and, where it is not, whether the flow is
// resolved further.
func (r *resolver) checkLabelled(f *flow, namespaces []string, later []end, at *field.Path) (stands, found bool) {
	unowned := func(name string) bool { return r.owner[name] == nil }
	switch {
	case len(namespaces) == 0:
		return false, r.missing(f, at.Child("namespaceLabels"), "no namespace in the build has these labels: correct them, declare the Namespace as inventory, or set optional: true")
	case slices.ContainsFunc(namespaces, unowned):
	case f.optional || len(later) == 0:
		return false, r.missing(f, at.Child("pods"), "selects no pod of %s in the build: correct the labels, declare the pods as inventory, or set optional: true", quoted(namespaces))
	default:
		r.warn("no-such-peer-pods", f.ref, at.Child("pods"), "selects no pod in the build of the namespaces with these labels, %s: correct the labels, or declare the pods as inventory", quoted(namespaces))
	}
	return true, true
}

// laterEnds is the rule about namespaces with these labels that no tenant has, and that may
// be created later. A namespace's own name as a label leaves no others.
func (r *resolver) laterEnds(p v1alpha1.Peer, at *field.Path) []end {
	if name := p.NamespaceLabels[corev1.LabelMetadataName]; r.owner[name] != nil {
		return nil
	}
	return []end{{peer: policy.Peer{Kind: policy.Pods, NamespaceLabels: p.NamespaceLabels, NotNamespaces: slices.Sorted(maps.Keys(r.owner)), Pods: policy.PodsOf(p.Pods)}, path: at}}
}

// warnLabels warns of who can join a peer, and, where no labels are seen, of the tenants that
// are left out.
func (r *resolver) warnLabels(f *flow, p v1alpha1.Peer, later []end, at *field.Path) {
	at = at.Child("namespaceLabels")
	if !p.AnyNamespace() && r.index.Blind && len(r.owner) > 0 {
		r.warn("labels-in-generator", f.ref, at, "a generator sees no labels of namespaces, so this peer leaves out the namespaces of all tenants: name the tenants as peers, or list the fence in transformers")
	}
	switch {
	case len(later) == 0:
	case !p.AnyNamespace():
		r.warn("namespace-labels-spoofable", f.ref, at, "anyone who may label a namespace can join this peer: name the namespaces instead where they are known")
	default:
		which := "every pod of the cluster"
		if p.Pods != nil {
			which = "every pod of the cluster that has the labels in pods"
		}
		r.warn("namespace-labels-spoofable", f.ref, at, "{} is every namespace: %s can join this peer, also from namespaces that are created later: name the namespaces instead where they are known", which)
	}
}

// sharedEnds are the pods of tenants that share a namespace.
func (r *resolver) sharedEnds(f *flow, namespace string, pods policy.Selector, among class, at *field.Path) []end {
	return slices.DeleteFunc(r.endsIn(f, namespace, pods, among, at), func(e end) bool { return r.ownerOf(e.peer) == nil })
}

// namespacesWith are the namespaces of the build that carry all of the labels, also
// the one that every namespace has of itself, and those that the profile sets on tenants'.
func (r *resolver) namespacesWith(want map[string]string) []string {
	all := map[string]labels.Set{}
	for name, ns := range r.index.Namespaces {
		all[name] = ns.Labels
	}
	for name := range r.owner {
		if of, known := all[name]; known || len(want) == 0 {
			all[name] = labels.Merge(of, r.profile.Spec.Tenants.NamespaceLabels)
		}
	}
	for name := range r.sharers {
		if len(want) == 0 && all[name] == nil {
			all[name] = nil
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if labels.SelectorFromSet(want).Matches(labels.Merge(all[name], labels.Set{corev1.LabelMetadataName: name})) {
			out = append(out, name)
		}
	}
	return out
}

// missing refuses what is not in the build, unless the flow is optional. It returns
// whether the flow goes on.
func (r *resolver) missing(f *flow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	if r.index.Partial {
		return true
	}
	r.refuse("not-in-build", f.ref, at, format, args...)
	return true
}

func (r *resolver) warn(check string, ref policy.Ref, path *field.Path, format string, args ...any) {
	r.say(policy.Warning, check, ref, path, format, args...)
}
