// Package resolve turns Tenants and profile into a policy.Fence, in five passes. The name of a file
// begins with its pass:
//
//   - claim gives each Tenant its namespaces, limits and enforcement, and lists the declared flows.
//   - ends resolves each flow by itself: its own pods, and the endpoints and ports of its peers.
//   - agree compares flows with each other, and grants what both sides, or the profile, declare.
//   - lower gives grants the form of the policies: those of Cilium, NetworkPolicies, or both.
//   - advise reports what is unused, or has other effects than intended.
//
// Files that begin with facts have what several passes look up, and those with text what messages
// consist of. What resolve cannot grant is a finding. It never grants a part of a flow with an error.
package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Resolve returns the fence and its findings. The fence is complete only if no finding is an error.
// With policies: Both, networkPolicyForm is the fence for NetworkPolicies, for an enforcer other than
// Cilium. It omits what they cannot express, and findings report that.
func Resolve(in *resource.Inputs, index *resource.Index) (fence, networkPolicyForm *policy.Fence, findings report.Findings) {
	claimed := claim(in, index)
	for _, f := range claimed.allFlows() {
		resolveEnds(claimed.facts, f)
	}
	return grants(claimed)
}

// grants runs the passes after ends, and joins the findings of all passes.
func grants(claimed *claimPass) (fence, networkPolicyForm *policy.Fence, findings report.Findings) {
	findings = claimed.findings
	for _, f := range claimed.allFlows() {
		findings = append(findings, f.findings...)
	}
	agreed := agree(claimed)
	lowered := lower(claimed.facts, agreed)
	advised := advise(lowered.facts, agreed)
	findings = combineCauses(claimed.facts, slices.Concat(findings, agreed.findings, lowered.findings, advised.findings))
	fence = lowered.fence
	if fence.Policies == v1alpha1.PoliciesBoth && !findings.HasError() {
		second := agreed.inNetworkPolicies()
		lowered := lower(second.facts, second)
		advised := adviseOnForm(lowered.facts, second)
		networkPolicyForm = lowered.fence
		findings = slices.Concat(findings, notInForm(combineCauses(second.facts, slices.Concat(second.findings, lowered.findings, advised.findings))))
	}
	return fence, networkPolicyForm, findings
}
