// Package generate turns the inputs of a build into its policies: read, resolve, plan and render.
package generate

import (
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/plan"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/render"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// ShapeFindings reports items that cannot be read.
func ShapeFindings(config *yaml.RNode, items []*yaml.RNode) report.Findings {
	findings := resource.MalformedItems(items)
	if !config.IsNil() && !config.IsTaggedNull() {
		findings = append(resource.MalformedItems([]*yaml.RNode{config}), findings...)
	}
	return findings
}

// Desired is a resolved fence and its policies.
type Desired struct {
	Fence *policy.Fence
	// NetworkPolicyForm is the fence as NetworkPolicies express it, nil unless both forms are generated.
	NetworkPolicyForm *policy.Fence
	// Policies are those of all stages.
	Policies []*resource.Generated
}

// Policies resolves the Tenants, and plans and renders their policies.
func Policies(in *resource.Inputs, index *resource.Index, debug Debug) (Desired, report.Findings) {
	var w Desired
	var findings report.Findings
	w.Fence, w.NetworkPolicyForm, findings = resolve.Resolve(in, index)
	debug.Report("resolve", w.resolveResult)
	for _, f := range []*policy.Fence{w.Fence, w.NetworkPolicyForm} {
		if f == nil {
			continue
		}
		w.Policies = append(w.Policies, render.Render(f, plan.Plan(f))...)
	}
	debug.Report("plan and render", w.renderResult)
	return w, findings
}

// MergeOptions are the options with which a run merges its policies into the items.
func MergeOptions(in *resource.Inputs, fence *policy.Fence) merge.Options {
	return merge.Options{
		Fence: fence, Config: in.FenceRef, Stages: in.Fence.Spec.Stages, Emit: in.Fence.Spec.Emit, FormerNames: in.Fence.Spec.FormerNames, Adopt: in.Fence.Spec.Adopt,
		TenantsUnreadable: len(in.UnreadableTenants) > 0, NoTenantsRead: in.Fence.Spec.Profile != nil && len(in.Tenants) == 0,
	}
}
