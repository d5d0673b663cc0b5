package fn

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// inSlice returns the part of a merge that a slice has: the items before and after it, and its changes.
func inSlice(s report.Slice, o resource.Ownership, before []*yaml.RNode, merged merge.Result) ([]*yaml.RNode, merge.Result) {
	if s.IsWhole() {
		return before, merged
	}
	before, merged.Existing = o.In(s, before), o.In(s, merged.Existing)
	included := map[report.Ref]bool{}
	for _, n := range slices.Concat(before, merged.Existing) {
		included[resource.ID(n)] = true
	}
	for _, g := range merged.Created {
		if s.Includes(o.TenantOfGenerated(g)) {
			included[g.ID()] = true
		}
	}
	merged.Changes = slices.DeleteFunc(slices.Clone(merged.Changes), func(c report.Change) bool { return !included[resource.IDOf(c.Ref)] })
	merged.Adopted = slices.DeleteFunc(slices.Clone(merged.Adopted), func(a merge.Adoption) bool { return !included[resource.IDOf(a.Policy)] })
	return before, merged
}
