package proof

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// inputsInSlice are the inputs with the FlowTest cases of the slice.
func (p proof) inputsInSlice() *resource.Inputs {
	in := *p.in
	in.FlowTests = reach.Endpoints{Index: p.index, Fence: p.Fence}.InSlice(p.slice, p.in.FlowTests)
	return &in
}

// unknownBefore are the policies of this run outside of its slice that the policies before it lack: another
// run writes them, so that they are the same on both sides of a comparison.
func (c Build) unknownBefore(o merge.Options, before, after []*yaml.RNode) []*yaml.RNode {
	if c.Slice.IsWhole() {
		return nil
	}
	present, owned := resource.ByID(before), resource.OwnershipOf(c.Fence)
	return slices.DeleteFunc(slices.Clone(after), func(n *yaml.RNode) bool {
		return !o.Owns(n) || present[resource.ID(n)] != nil || c.Slice.Includes(owned.TenantOf(n))
	})
}

// checkSlice refuses a slice with unknown tenants, or of a fence that emits some Tenants alone. A build
// checks the tenants of all its fences together.
func (v Verification) checkSlice(in *resource.Inputs, fence *policy.Fence) error {
	if err := generate.CheckSlice(in, v.Slice); err != nil || v.DuringBuild {
		return err
	}
	return v.Slice.CheckTenants(resource.OwnershipOf(fence).Tenants)
}

// policiesElsewhere are the generated policies outside of the slice that the items lack.
func (v Verification) policiesElsewhere(w generate.Desired, o merge.Options, items []*yaml.RNode) ([]*yaml.RNode, error) {
	if v.Slice.IsWhole() {
		return nil, nil
	}
	present, owned := appliedIDs(items), resource.OwnershipOf(w.Fence)
	return resource.Nodes(slices.DeleteFunc(slices.Clone(w.Policies), func(g *resource.Generated) bool {
		return v.Slice.Includes(owned.TenantOfGenerated(g)) || present[g.ID()] || !o.Touches(g.Metadata)
	}))
}

// assumedElsewhere reports policies that are not among the items.
func assumedElsewhere(in *resource.Inputs, policies []*yaml.RNode) report.Findings {
	if len(policies) == 0 {
		return nil
	}
	return report.Findings{report.New(report.EmitPoliciesAssumed, report.Info, in.FenceRef, "", "the proof assumes %s outside of the slice, which are not among these resources: verify the other slices, too", report.Count(len(policies), "policy"))}
}
