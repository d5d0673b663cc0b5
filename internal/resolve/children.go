package resolve

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// resolveParents gives each Tenant the parent that the profile declares for its name.
func (r *resolver) resolveParents(in []resource.Tenant) {
	r.fence.Children = r.profile.Spec.Tenants.Children
	r.refuseSeveralParents()
	for _, t := range r.tenants {
		r.refuseCycle(t)
	}
	r.warnMissingParents()
	r.reportChildrenByPattern(in)
}

func (r *resolver) childrenPath(entry int) *field.Path {
	return r.profile.Path.Child("tenants", "children").Index(entry)
}

// makesChild reports whether an entry of tenants.children makes a Tenant a child.
func makesChild(c v1alpha1.ChildTenants, name string) bool {
	return name != c.Parent && policy.MatchTenant(c.Names, name)
}

// refuseSeveralParents sets the parent of each Tenant, and refuses two entries with different parents
// of one Tenant. Their names are reported once for each pair of entries.
func (r *resolver) refuseSeveralParents() {
	several := map[[2]int][]string{}
	for _, t := range r.tenants {
		first := -1
		for i, c := range r.fence.Children {
			switch {
			case !makesChild(c, t.Name):
			case first < 0:
				first, t.parent = i, c.Parent
			case c.Parent != t.parent:
				several[[2]int{first, i}] = append(several[[2]int{first, i}], t.Name)
			}
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(several), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
		names := several[at]
		r.refuse(report.ParentConflict, r.profile.Ref, r.childrenPath(at[1]), "gives %s %s the parent %q, and %s the parent %q: a Tenant has one parent: narrow the names of one of the two entries",
			plural(len(names), "Tenant", "Tenants"), quoteSome(names), r.fence.Children[at[1]].Parent, r.childrenPath(at[0]), r.fence.Children[at[0]].Parent)
	}
}

// refuseCycle refuses a Tenant that is its own ancestor. It reports each cycle at its first Tenant.
func (r *resolver) refuseCycle(t *tenant) {
	chain := []string{t.Name}
	for next := t; next != nil && next.parent != ""; next = r.byName[next.parent] {
		if next.parent == t.Name && t.Name == slices.Min(chain) {
			r.refuse(report.ParentConflict, r.profile.Ref, r.profile.Path.Child("tenants", "children"),
				"makes Tenant %q its own ancestor (%s), so it is unclear which is the parent: correct the names of one of these entries",
				t.Name, strings.Join(append(chain, t.Name), ", a child of "))
		}
		if slices.Contains(chain, next.parent) {
			return
		}
		chain = append(chain, next.parent)
	}
}

// warnMissingParents warns about a parent that the build does not have, if it has children.
func (r *resolver) warnMissingParents() {
	for i, c := range r.fence.Children {
		if r.index.Partial || r.unread[c.Parent] || r.byName[c.Parent] != nil {
			continue
		}
		if children := r.childrenOf(c.Parent); len(children) > 0 && i == r.firstEntry(c.Parent) {
			r.warn(report.ParentNotInBuild, r.profile.Ref, r.childrenPath(i).Child("parent"), "Tenant %q is not in the build, so its children (%s) have no parent: %s",
				c.Parent, truncatedList(children), correction(c.Parent, r.tenantNames(), "add the Tenant"))
		}
	}
}

func (r *resolver) childrenOf(parent string) []string {
	var out []string
	for _, t := range r.tenants {
		if t.parent == parent {
			out = append(out, t.Name)
		}
	}
	return out
}

// firstEntry is the first entry of a parent in tenants.children, -1 if it has none.
func (r *resolver) firstEntry(parent string) int {
	return slices.IndexFunc(r.fence.Children, func(c v1alpha1.ChildTenants) bool { return c.Parent == parent })
}

// reportChildrenByPattern reports each pattern that makes a Tenant a child by its name, if the profile
// neither names the Tenant nor binds the name to files. The pattern * gives nothing by name.
func (r *resolver) reportChildrenByPattern(in []resource.Tenant) {
	for i, c := range r.fence.Children {
		for j, pattern := range c.Names {
			var names []string
			for _, t := range in {
				if t.Ref.Kind == v1alpha1.KindTenant && makesChild(c, t.Name) && policy.MatchTenant([]string{pattern}, t.Name) && !r.namedInProfile(t.Name) {
					names = append(names, t.Name)
				}
			}
			if len(names) > 0 && strings.Trim(pattern, "*") != "" {
				r.warn(report.ChildByPattern, r.profile.Ref, r.childrenPath(i).Child("names").Index(j),
					"%q makes Tenants that the profile does not name (%s) children of %q, so a Tenant gets the consent of this parent by choosing such a name: bind such names to files in tenants.allowedPaths, or list the Tenants here",
					pattern, truncatedList(sortedUnique(names)), c.Parent)
			}
		}
	}
}

// resolveChildrenPeer resolves the children of a flow's tenant, if the profile declares any.
func (r *resolver) resolveChildrenPeer(f *flow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
	if r.firstEntry(f.tenant.Name) < 0 {
		return nil, r.refuseUndeclared(f, at.Child("children"), "the profile declares no children of Tenant %q: add {parent: %[1]s, names: [...]} to tenants.children of the profile, or remove the peer", f.tenant.Name)
	}
	var out []resolvedPeer
	for _, t := range r.tenants {
		if t.parent == f.tenant.Name {
			out = append(out, f.peersOfTenant(r.podPeers(t, t.Namespaces, policy.SelectorOf(p.Pods)), t, childTenants, at)...)
		}
	}
	return out, true
}

// resolveParentPeer resolves the parent of a flow's tenant as if the flow named it.
func (r *resolver) resolveParentPeer(f *flow, p v1alpha1.Peer, at *field.Path) ([]resolvedPeer, bool) {
	if f.tenant.parent == "" {
		return nil, r.refuseUndeclared(f, at.Child("parent"), "the profile declares no parent of Tenant %q: add the name to an entry of tenants.children in the profile, or remove the peer", f.tenant.Name)
	}
	return r.resolveNamedTenant(f, f.tenant.parent, p, at, at.Child("parent"))
}

// appliesTo reports whether a peer of a flow applies to its tenant. In a flow of the profile, children
// and parent apply only to a Tenant that has some.
func (r *resolver) appliesTo(f *flow, p v1alpha1.Peer) bool {
	switch {
	case !f.fromProfile:
		return true
	case p.Children:
		return len(r.childrenOf(f.tenant.Name)) > 0
	default:
		return !p.Parent || f.tenant.parent != ""
	}
}

// refuseUndeclared refuses a peer that the profile gives no meaning for this Tenant, unless the flow is
// optional. It reports whether the flow is resolved further.
func (r *resolver) refuseUndeclared(f *flow, at *field.Path, format string, args ...any) bool {
	if f.optional {
		return false
	}
	r.refuse(report.ChildrenUndeclared, f.ref, at, format, args...)
	return true
}

// reportNoChildren reports a peer for children that includes none. A parent without children is
// complete: the peer includes them once they exist.
func (c *multiTenantPeers) reportNoChildren(p *multiTenantPeer) {
	parents := []string{p.flow.tenant.Name}
	if p.flow.fromProfile {
		parents = c.tenantNames()
	}
	children := slices.ContainsFunc(c.tenants, func(t *tenant) bool { return slices.Contains(parents, t.parent) })
	unread := slices.ContainsFunc(slices.Collect(maps.Keys(c.unread)), func(name string) bool {
		return slices.ContainsFunc(c.fence.Children, func(e v1alpha1.ChildTenants) bool {
			return slices.Contains(parents, e.Parent) && makesChild(e, name)
		})
	})
	switch {
	case children:
		c.warn(report.ChildrenUnused, p.flow.ref, p.path, "no child has such pods in the build, so this peer is in no policy: correct the labels, remove the peer, or declare the pods as external resources "+externalKind)
	case unread || c.index.Partial:
	default:
		c.report(report.Info, report.ChildrenUnused, p.flow.ref, p.path, "the build has no child of %s, so this peer is in no policy until one exists", cmp.Or(c.describeParent(p), "any Tenant"))
	}
}

// describeParent names the parent of a peer and its declared children, "" for a peer of all Tenants.
func (r *resolver) describeParent(p *multiTenantPeer) string {
	if p.flow.fromProfile {
		return ""
	}
	var names []string
	for _, c := range r.fence.Children {
		if c.Parent == p.flow.tenant.Name {
			names = append(names, c.Names...)
		}
	}
	return describeTenant(p.flow.tenant) + " (" + quoteSome(names) + ")"
}
