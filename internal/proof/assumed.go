package proof

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// withAssumedPolicies adds the missing policies of other runs to the items, removes what these runs will
// adopt, and reports both. Policies of
// other runs among the items are proved unchanged: Merge refuses those that differ.
func withAssumedPolicies(o merge.Options, items []*yaml.RNode, policies []*resource.Generated) ([]*yaml.RNode, report.Findings, error) {
	if len(o.Emit) == 0 {
		return items, nil, nil
	}
	out, present := slices.Clone(items), appliedIDs(items)
	tenants := map[string]bool{}
	assumedCount := 0
	for _, g := range policies {
		if o.Emits(g.Metadata) {
			continue
		}
		tenants[g.Owner()] = true
		assumedCount++
		if !present[g.ID()] {
			n, err := g.Node()
			if err != nil {
				return nil, nil, err
			}
			out = append(out, n)
		}
	}
	if assumedCount == 0 {
		return out, nil, nil
	}
	out, adopted := withoutPendingAdoptions(o, out, policies, present)
	removal := ""
	if len(adopted) > 0 {
		removal = ", and that they remove " + report.Brief(adopted) + " (spec.adopt)"
	}
	return out, report.Findings{report.New(report.EmitPoliciesAssumed, report.Info, o.Config, "spec.emit", "the proof assumes %s of %s, which other runs write%s: run tenantfence verify on the output of all runs",
		report.Count(assumedCount, "policy"), strings.Join(slices.Sorted(maps.Keys(tenants)), ", "), removal)}, nil
}

// withoutPendingAdoptions removes the hand-written policies that other runs will replace, and names
// them. One whose generated policy is present stays: that run should have removed it.
func withoutPendingAdoptions(o merge.Options, items []*yaml.RNode, policies []*resource.Generated, present map[report.Ref]bool) (kept []*yaml.RNode, adopted []string) {
	isTenants := func(namespace string) bool { return len(o.Fence.TenantsIn(namespace)) > 0 }
	planned := resource.GeneratedByID(policies)
	for _, n := range items {
		id := resource.ID(n)
		pending := resource.IsPolicy(n) && planned[id] == nil && slices.ContainsFunc(o.Adopt, func(a v1alpha1.Adoption) bool {
			return a.Matches(id.Kind, id.Namespace, id.Name, isTenants) && slices.ContainsFunc(policies, func(by *resource.Generated) bool {
				return by.Ref.Namespace == id.Namespace && by.Ref.Name == a.As && !o.Emits(by.Metadata) && !present[by.ID()]
			})
		})
		if pending {
			adopted = append(adopted, resource.RefOf(n).String())
		} else {
			kept = append(kept, n)
		}
	}
	return kept, adopted
}
