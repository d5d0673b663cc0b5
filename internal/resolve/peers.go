package resolve

import (
	"fmt"
	"maps"
	"slices"

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
	case len(p.NamespaceLabels) > 0:
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
		return nil, r.missing(f, at.Child("pods"), "selects no pod of %s in the build: correct the labels, tell the pods as inventory, or say optional: true", quoted(namespaces))
	}
	var consenting *tenant
	if t != f.tenant && !f.ofProfile {
		consenting = t
	}
	var out []end
	for _, peer := range peers {
		out = append(out, end{peer: peer, tenant: consenting, path: at})
	}
	return out, true
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
		for _, peer := range r.podEnds(t, t.Namespaces, policy.PodsOf(p.Pods)) {
			e := end{peer: peer, quiet: true, path: at}
			if !f.ofProfile {
				e.tenant = t
			}
			out = append(out, e)
		}
	}
	return out
}

func (r *resolver) namespaceEnds(f *flow, p v1alpha1.Peer, at *field.Path) ([]end, bool) {
	if r.unreadNamespaces[p.Namespace] || !r.reachesNamespace(f, p.Namespace, policy.PodsOf(p.Pods), at.Child("namespace")) {
		return nil, true
	}
	if !r.index.Blind && r.index.Namespaces[p.Namespace] == nil {
		return nil, r.missing(f, at.Child("namespace"), "namespace %q is not in the build: correct the name, tell the Namespace as inventory, or say optional: true", p.Namespace)
	}
	if t := r.owner[p.Namespace]; t != nil {
		return r.podsOfTenant(f, t, p, at, []string{p.Namespace})
	}
	ends := r.endsIn(f, p.Namespace, policy.PodsOf(p.Pods), at)
	if len(ends) == 0 {
		return nil, r.missing(f, at.Child("pods"), "selects no pod of %q in the build: correct the labels, tell the pods as inventory, or say optional: true", p.Namespace)
	}
	return ends, true
}

// endsIn are the pods that a selector selects in a namespace. Those of other tenants
// need consent, without which they are left out where others are meant too.
func (r *resolver) endsIn(f *flow, namespace string, pods policy.Selector, at *field.Path) []end {
	peers, owners := r.partsOf(namespace, pods)
	var out []end
	for i, peer := range peers {
		e := end{peer: peer, path: at}
		if t := owners[i]; t != f.tenant && !f.ofProfile {
			e.tenant, e.quiet = t, len(peers) > 1
		}
		out = append(out, e)
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

// labelledEnds are the namespaces with these labels: those of nobody by their
// labels, those of tenants by name, with consent.
func (r *resolver) labelledEnds(f *flow, p v1alpha1.Peer, at *field.Path) ([]end, bool) {
	if !is(f.limits().NamespaceLabels) && !r.beyond(f, "namespace-labels-outside-limits", at.Child("namespaceLabels"), "naming namespaces by label", "namespaceLabels") {
		return nil, true
	}
	var out []end
	fenced, outside := false, r.index.Blind
	for _, name := range r.namespacesWith(p.NamespaceLabels) {
		t := r.owner[name]
		if t == nil {
			outside = true
			out = append(out, r.sharedEnds(f, name, policy.PodsOf(p.Pods), at)...)
			continue
		}
		fenced = true
		ends, _ := r.podsOfTenant(&flow{tenant: f.tenant, ofProfile: f.ofProfile, optional: true}, t, p, at, []string{name})
		for i := range ends {
			ends[i].quiet = true
		}
		out = append(out, ends...)
	}
	if outside {
		r.warn("namespace-labels-spoofable", f.ref, at.Child("namespaceLabels"),
			"whoever may label a namespace can join this peer: name the namespaces instead where they are known")
		out = append(out, end{peer: policy.Peer{Kind: policy.Pods, NamespaceLabels: p.NamespaceLabels, NotNamespaces: slices.Sorted(maps.Keys(r.owner)), Pods: policy.PodsOf(p.Pods)}, path: at})
	}
	if !fenced && !outside {
		return nil, r.missing(f, at.Child("namespaceLabels"), "no namespace in the build has these labels: correct them, tell the Namespace as inventory, or say optional: true")
	}
	return out, true
}

// sharedEnds are the pods of tenants that share a namespace.
func (r *resolver) sharedEnds(f *flow, namespace string, pods policy.Selector, at *field.Path) []end {
	return slices.DeleteFunc(r.endsIn(f, namespace, pods, at), func(e end) bool { return r.ownerOf(e.peer) == nil })
}

// namespacesWith are the namespaces of the build that carry all of the labels, also
// the one that every namespace has of itself.
func (r *resolver) namespacesWith(want map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(r.index.Namespaces)) {
		have := labels.Merge(r.index.Namespaces[name].Labels, labels.Set{"kubernetes.io/metadata.name": name})
		if labels.SelectorFromSet(want).Matches(have) {
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
