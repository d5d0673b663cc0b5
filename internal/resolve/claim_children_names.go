package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// namesInProfile are the names of Tenants that the profile states or binds. No author chooses such a
// name to get something.
type namesInProfile struct {
	names    map[string]bool
	patterns []string
}

func namesInProfileOf(spec *v1alpha1.FenceProfileSpec) namesInProfile {
	out := namesInProfile{names: map[string]bool{}}
	stated := func(names ...string) {
		for _, name := range names {
			out.names[name] = true
		}
	}
	for name := range spec.Tenants.Claims {
		stated(name)
	}
	for _, c := range spec.Tenants.Children {
		stated(c.Parent)
		stated(c.Names...)
	}
	for _, o := range spec.Overrides {
		stated(o.Tenants...)
	}
	statedPeers := func(ingress []v1alpha1.IngressFlow, egress []v1alpha1.EgressFlow) {
		for _, f := range ingress {
			for _, p := range f.From {
				stated(p.Tenant)
			}
		}
		for _, f := range egress {
			for _, p := range f.To {
				stated(p.Tenant)
			}
		}
	}
	statedPeers(spec.AllTenants.Ingress, spec.AllTenants.Egress)
	for _, n := range spec.Nodes {
		statedPeers(n.Ingress, n.Egress)
	}
	for _, a := range spec.Tenants.AllowedPaths {
		stated(a.Names...)
		out.patterns = append(out.patterns, slices.DeleteFunc(slices.Clone(a.Names), func(name string) bool { return !strings.Contains(name, "*") })...)
	}
	return out
}

// namedInProfile reports whether the profile names a Tenant, or binds its name to files.
func (r *claimPass) namedInProfile(name string) bool {
	return r.named.names[name] || policy.MatchTenant(r.named.patterns, name)
}

// warnMissingParents warns about a parent that the build does not have, if it has children.
func (r *claimPass) warnMissingParents() {
	for i, c := range r.relation.entries {
		if r.index.Partial || r.unread[c.Parent] || r.byName[c.Parent] != nil {
			continue
		}
		if children := r.relation.children[c.Parent]; len(children) > 0 && i == r.relation.firstEntry(c.Parent) {
			names := texts(children, func(t *tenant) string { return t.Name })
			r.warn(report.ParentNotInBuild, r.profile.Ref, r.childrenPath(i).Child("parent"), "Tenant %q is not in the build, so its children (%s) have no parent: %s",
				c.Parent, truncatedList(names), correction(c.Parent, r.tenantNames(), "add the Tenant"))
		}
	}
}

// reportEveryName reports a pattern of all names, once for each parent.
func (r *claimPass) reportEveryName() {
	reported := map[string]bool{}
	for _, p := range r.relation.patterns {
		if parent := r.relation.entries[p.entry].Parent; p.everyName() && !reported[parent] {
			reported[parent] = true
			r.report(report.Info, report.EveryTenantIsChild, r.profile.Ref, r.childrenPath(p.entry).Child("names").Index(p.at),
				"%q makes every other Tenant a child of %q, so children: true means the same as anyTenant there, without its limit: check that this is intended", p.pattern, parent)
		}
	}
}

// reportChildrenByPattern reports each pattern that makes a Tenant a child by its name, if the profile
// neither names the Tenant nor binds the name to files. A Tenant counts at the first such pattern.
func (r *claimPass) reportChildrenByPattern(in []resource.Tenant) {
	names := map[childPattern][]string{}
	for _, t := range in {
		if t.Ref.Kind != v1alpha1.KindTenant || r.byName[t.Name].parent == "" || r.namedInProfile(t.Name) {
			continue
		}
		matching := slices.DeleteFunc(slices.Clone(r.relation.patterns), func(p childPattern) bool {
			return r.relation.entries[p.entry].Parent != r.byName[t.Name].parent || !p.matches(t.Name)
		})
		if !slices.ContainsFunc(matching, childPattern.everyName) {
			names[matching[0]] = append(names[matching[0]], t.Name)
		}
	}
	for _, p := range r.relation.patterns {
		if len(names[p]) > 0 {
			r.warn(report.ChildByPattern, r.profile.Ref, r.childrenPath(p.entry).Child("names").Index(p.at),
				"%q makes Tenants that the profile does not name (%s) children of %q, so a Tenant gets the consent of this parent by choosing such a name: bind such names to files in tenants.allowedPaths, or list the Tenants here",
				p.pattern, truncatedList(endpoints.SortedUnique(names[p])), r.relation.entries[p.entry].Parent)
		}
	}
}

// warnMistypedChildren warns about a name without a Tenant, if a Tenant without a part in any relation
// has a similar name.
func (r *claimPass) warnMistypedChildren() {
	if r.index.Partial {
		return
	}
	var unrelated []string
	for _, t := range r.tenants {
		if r.relation.firstEntry(t.Name) < 0 && len(r.relation.parentsOf(t.Name)) == 0 {
			unrelated = append(unrelated, t.Name)
		}
	}
	for i, c := range r.relation.entries {
		for j, name := range c.Names {
			near := strict.Nearest(name, unrelated)
			if near != "" && !strings.Contains(name, "*") && r.byName[name] == nil && !r.unread[name] {
				r.warn(report.ChildNotInBuild, r.profile.Ref, r.childrenPath(i).Child("names").Index(j),
					"no Tenant has the name %q, and Tenant %q has no parent: correct the name if that Tenant is intended", name, near)
			}
		}
	}
}
