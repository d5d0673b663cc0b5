package resolve

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/report"
)

// resolveChildrenPeer resolves the children of a flow's tenant, if the profile declares any.
func (r *resolver) resolveChildrenPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
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
func (r *resolver) resolveParentPeer(f *declaredFlow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
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

// appliesTo reports whether a peer of a flow applies to its tenant. In a flow of the profile, children
// and parent apply only to a Tenant that has some.
func (r *resolver) appliesTo(f *declaredFlow, p v1alpha1.Peer) bool {
	switch {
	case !f.fromProfile:
		return true
	case p.Children:
		return len(r.relation.children[f.tenant.Name]) > 0
	default:
		return !p.Parent || f.tenant.parent != ""
	}
}

// refuseUndeclared refuses a peer that the profile gives no meaning for this Tenant, unless the flow is
// optional. It reports whether the flow is resolved further.
func (r *resolver) refuseUndeclared(f *declaredFlow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	r.refuse(report.ChildrenUndeclared, f.ref, at, format, args...)
	return true
}

// childrenUnclear reports whether contradicting entries may give the tenant of a peer further children.
func (c *multiTenantPeers) childrenUnclear(p *multiTenantPeer) bool {
	if p.group != childTenants {
		return false
	}
	for _, parents := range c.relation.unclear {
		if p.flow.fromProfile || slices.Contains(parents, p.flow.tenant.Name) {
			return true
		}
	}
	return false
}

// reportNoChildren reports a peer for children that includes none. A parent without children is
// complete: the peer includes them once they exist.
func (c *multiTenantPeers) reportNoChildren(p *multiTenantPeer) {
	parent := p.flow.tenant.Name
	unread := slices.ContainsFunc(slices.Collect(maps.Keys(c.unread)), func(name string) bool {
		return slices.ContainsFunc(c.relation.parentsOf(name), func(i int) bool { return c.relation.entries[i].Parent == parent })
	})
	switch {
	// A flow of the profile applies only to parents with children.
	case p.flow.fromProfile || len(c.relation.children[parent]) > 0:
		c.warn(report.ChildrenUnused, p.flow.ref, p.path, "no child has such pods in the build, so this peer is in no policy: correct the labels, remove the peer, or declare the pods as external resources "+externalKind)
	case unread || c.index.Partial:
	default:
		c.report(report.Info, report.ChildrenUnused, p.flow.ref, p.path, "the build has no child of %s (%s), so this peer is in no policy until one exists", describeTenant(p.flow.tenant), quoteSome(c.declaredChildren(parent)))
	}
}

// declaredChildren are the declared names of a parent's children.
func (r *resolver) declaredChildren(parent string) []string {
	var names []string
	for _, c := range r.relation.entries {
		if c.Parent == parent {
			names = append(names, c.Names...)
		}
	}
	return names
}

// profileFlowUse is how a flow of allTenants is used: whether some tenant has its pods, and which of
// its peers apply to one of these.
type profileFlowUse struct {
	pods  bool
	peers map[int]bool
}

func (r *resolver) recordUse(f *declaredFlow) {
	use := r.profileFlows[f.path.String()]
	if use == nil {
		use = &profileFlowUse{peers: map[int]bool{}}
		r.profileFlows[f.path.String()] = use
	}
	use.pods = true
	for i, p := range f.peers {
		use.peers[i] = use.peers[i] || r.appliesTo(f, p)
	}
}

// reportUnusedRelations reports each peer of a flow of allTenants that is about children or the parent,
// and applies to no tenant with pods of the flow. It reports whether it found any.
func (r *resolver) reportUnusedRelations(name string, peers []v1alpha1.Peer, flowAt, at *field.Path) bool {
	use, found := r.profileFlows[flowAt.String()], false
	for i, p := range peers {
		if use == nil || use.peers[i] || !p.Children && !p.Parent {
			continue
		}
		found = true
		what := "children in the build"
		if p.Parent {
			what = "a parent"
		}
		if len(r.relation.unclear) == 0 && !r.index.Partial {
			r.report(report.Info, report.ChildrenUnused, r.profile.Ref, at.Index(i), "no Tenant with pods of flow %q has %s, so this peer is in no policy until one has", name, what)
		}
	}
	return found
}
