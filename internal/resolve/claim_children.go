package resolve

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// resolveParents gives each Tenant the parent that the profile declares for its name.
func (r *claimPass) resolveParents(in []resource.Tenant) {
	r.fence.Children = r.profile.Spec.Tenants.Children
	if len(r.fence.Children) == 0 {
		return
	}
	r.relation = relationOf(r.fence.Children)
	parents := r.refuseSeveralParents()
	r.refuseCycles(parents)
	for _, t := range r.tenants {
		if i, ok := parents[t.Name]; ok && len(r.relation.unclear[t.Name]) == 0 {
			t.parent = r.fence.Children[i].Parent
			r.relation.children[t.parent] = append(r.relation.children[t.parent], t)
		}
	}
	r.warnMissingParents()
	r.reportEveryName()
	r.reportChildrenByPattern(in)
	r.warnMistypedChildren()
}

func (r *claimPass) childrenPath(entry int) *field.Path {
	return r.profile.Path.Child("tenants", "children").Index(entry)
}

// relatedNames are the names of the build and of tenants.children. Entries contradict each other also
// if the build does not have the Tenant.
func (r *claimPass) relatedNames() []string {
	names := slices.Collect(maps.Keys(r.relation.listed))
	for _, t := range r.tenants {
		names = append(names, t.Name)
	}
	for _, c := range r.relation.entries {
		names = append(names, c.Parent)
	}
	return endpoints.SortedUnique(names)
}

// refuseSeveralParents refuses two entries with different parents of one name. Names are reported once
// for each pair of entries. It returns the entry of each name with one parent.
func (r *claimPass) refuseSeveralParents() map[string]int {
	one, several := map[string]int{}, map[[2]int][]string{}
	for _, name := range r.relatedNames() {
		entries := r.relation.parentsOf(name)
		if len(entries) == 1 {
			one[name] = entries[0]
			continue
		}
		for n, i := range entries {
			r.relation.unclear[name] = append(r.relation.unclear[name], r.relation.entries[i].Parent)
			if n > 0 {
				several[[2]int{entries[0], i}] = append(several[[2]int{entries[0], i}], name)
			}
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(several), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
		names := several[at]
		r.refuse(report.ParentConflict, r.profile.Ref, r.childrenPath(at[1]), "gives %s %s the parent %q, and %s the parent %q: a Tenant has one parent: narrow the names of one of the two entries",
			plural(len(names), "Tenant", "Tenants"), quoteSome(names), r.relation.entries[at[1]].Parent, r.childrenPath(at[0]), r.relation.entries[at[0]].Parent)
	}
	return one
}

// refuseCycles refuses names that are their own ancestors. It reports each cycle at its first name.
func (r *claimPass) refuseCycles(entryOf map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(entryOf)) {
		cycle := r.cycleFrom(name, entryOf)
		if len(cycle) == 0 {
			continue
		}
		r.relation.unclear[name] = append(r.relation.unclear[name], r.relation.entries[entryOf[name]].Parent)
		if name != slices.Min(cycle) {
			continue
		}
		var steps []string
		for _, of := range cycle {
			i := entryOf[of]
			steps = append(steps, fmt.Sprintf("%s makes %q a child of %q", r.childrenPath(i), of, r.relation.entries[i].Parent))
		}
		at := r.childrenPath(entryOf[name])
		r.refuse(report.ParentConflict, r.profile.Ref, at, "%s: no Tenant is its own ancestor: correct the names of one of these entries",
			strings.TrimPrefix(strings.Join(steps, ", and "), at.String()+" "))
	}
}

// cycleFrom are the names of the cycle through a name, which is the first. None: no cycle has it.
func (r *claimPass) cycleFrom(name string, entryOf map[string]int) []string {
	cycle := []string{name}
	for range r.relation.entries {
		i, ok := entryOf[cycle[len(cycle)-1]]
		if !ok {
			return nil
		}
		parent := r.relation.entries[i].Parent
		if parent == name {
			return cycle
		}
		cycle = append(cycle, parent)
	}
	return nil
}

// relation is who is whose child. The profile declares it by names.
type relation struct {
	entries []v1alpha1.ChildTenants
	// listed are the entries that list a name, patterns are the patterns of all entries.
	listed   map[string][]int
	patterns []childPattern
	// unclear are the parents that contradicting entries give a name. Nothing else is reported
	// about them: it follows from the contradiction.
	unclear map[string][]string
	// children are the Tenants of the build with a clear parent, by parent.
	children map[string][]*tenant
}

// childPattern is a pattern of names, at an index of an entry.
type childPattern struct {
	entry, at int
	pattern   string
}

// everyName reports whether the pattern matches every name: a Tenant gets nothing by choosing one.
func (p childPattern) everyName() bool { return strings.Trim(p.pattern, "*") == "" }

func (p childPattern) matches(name string) bool { return policy.MatchTenant([]string{p.pattern}, name) }

func relationOf(entries []v1alpha1.ChildTenants) relation {
	out := relation{entries: entries, listed: map[string][]int{}, unclear: map[string][]string{}, children: map[string][]*tenant{}}
	for i, c := range entries {
		for j, name := range c.Names {
			if strings.Contains(name, "*") {
				out.patterns = append(out.patterns, childPattern{i, j, name})
			} else {
				out.listed[name] = append(out.listed[name], i)
			}
		}
	}
	return out
}

// parentsOf are the entries that make a name a child, the first one of each parent.
func (c relation) parentsOf(name string) []int {
	all := slices.Clone(c.listed[name])
	for _, p := range c.patterns {
		if p.matches(name) {
			all = append(all, p.entry)
		}
	}
	slices.Sort(all)
	var out []int
	for _, i := range all {
		parent := c.entries[i].Parent
		if parent != name && !slices.ContainsFunc(out, func(j int) bool { return c.entries[j].Parent == parent }) {
			out = append(out, i)
		}
	}
	return out
}

// firstEntry is the first entry of a parent, -1 if it has none.
func (c relation) firstEntry(parent string) int {
	return slices.IndexFunc(c.entries, func(e v1alpha1.ChildTenants) bool { return e.Parent == parent })
}

// isUnclear reports whether one of two Tenants may be the parent of the other, by one of several
// entries that contradict each other.
func (c relation) isUnclear(a, b string) bool {
	return slices.Contains(c.unclear[a], b) || slices.Contains(c.unclear[b], a)
}

// appliesTo reports whether a peer of a flow applies to its tenant. In a flow of the profile, children
// and parent apply only to a Tenant that has some.
func (r *facts) appliesTo(f *declaredFlow, p v1alpha1.Peer) bool {
	switch {
	case !f.fromProfile:
		return true
	case p.Children:
		return len(r.relation.children[f.tenant.Name]) > 0
	default:
		return !p.Parent || f.tenant.parent != ""
	}
}
