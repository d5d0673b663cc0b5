package proof

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Build is what a run read and wrote.
type Build struct {
	In    *resource.Inputs
	Index *resource.Index
	generate.Desired
	// Before are the items of the input, and After those of the output.
	Before []*yaml.RNode
	After  merge.Result
	// SkipProof skips the checks that need an engine.
	SkipProof bool
	// PreviousPolicies are the policies that an earlier run wrote, if the host keeps them separate from the
	// items. Omitted: those among the items.
	PreviousPolicies []*yaml.RNode
	// Slice is the part of the fence to prove. Omitted: the whole fence.
	Slice report.Slice
	// Cache has results of earlier proofs, and receives new ones. Omitted: none.
	Cache Cache
	// Progress receives how far the checks are.
	Progress report.Progress
	// Debug receives each step. Omitted: none.
	Debug generate.Debug
}

// Check proves the build, and returns the findings about it.
func (c Build) Check() (report.Report, report.Findings, error) {
	// The policies that were just created have nothing that a user wrote.
	existing := c.After.Existing
	findings := append(refuseEmpty(c.In, c.Before, c.After), slices.Concat(
		lint.AuditAnnotation(existing), lint.UnknownAnnotations(existing), lint.Withheld(existing),
		lint.ReservedLabels(c.Fence, c.Index), lint.OtherFences(c.Fence, generate.MergeOptions(c.In, c.Fence).Owns, existing), lint.WithoutEffect(c.Fence, c.Index, existing))...)
	if c.SkipProof {
		return report.Report{}, findings, nil
	}
	for _, items := range []*[]*yaml.RNode{&c.Before, &c.PreviousPolicies, &c.After.Existing} {
		applied, err := c.asApplied(*items)
		if err != nil {
			return report.Report{}, findings, err
		}
		*items = applied
	}
	for _, checkFunc := range []func() (report.Findings, error){c.traffic, c.alreadyIsolated} {
		found, err := checkFunc()
		if findings = append(findings, found...); err != nil {
			return report.Report{}, findings, err
		}
	}
	c.Debug.Report("compare traffic", func() string { return report.Count(len(findings), "finding") })
	if findings.HasError() {
		return report.Report{}, findings, nil
	}
	result, outcome, err := c.prove()
	return result, append(findings, outcome...), err
}

// asApplied are items as Flux applies them.
func (c Build) asApplied(items []*yaml.RNode) ([]*yaml.RNode, error) {
	out, _, err := generate.WithVariables(items, c.In.Fence.Spec.Variables)
	return out, err
}

// created are the nodes of the created policies, as Flux applies them.
func (c Build) created() ([]*yaml.RNode, error) {
	nodes, err := resource.Nodes(c.After.Created)
	if err != nil {
		return nil, err
	}
	return c.asApplied(nodes)
}

// prove proves the items if they are complete. A build without a later stage lacks the policies of that
// stage, and is not proved.
func (c Build) prove() (report.Report, report.Findings, error) {
	level := c.In.Fence.Spec.Proof
	fenced := isolatesAny(c.Fence)
	switch requested := fenced && level != v1alpha1.ProofNone || len(c.In.FlowTests) > 0; {
	case !requested && fenced:
		return report.Report{}, append(c.keptUnproved(), c.outcome(report.NotProved, "spec.proof", "isolation is not proved")...), nil
	case !requested:
		return report.Report{}, nil, nil
	}
	created, err := c.created()
	if err != nil {
		return report.Report{}, nil, err
	}
	items, assumedFindings, err := withAssumedPolicies(generate.MergeOptions(c.In, c.Fence), slices.Concat(c.After.Existing, created), c.Policies)
	if err != nil {
		return report.Report{}, nil, err
	}
	if !containsAll(c.Policies, items) {
		return report.Report{}, append(c.keptUnproved(), c.outcome(report.NotProved, "spec.stages", "isolation and FlowTests are not decided: this build lacks the policies of a stage that is not listed: the layer that lists the last stage proves them, or run tenantfence verify on the output of all stages")...), nil
	}
	result, err := proof{in: c.In, index: c.Index, Desired: c.Desired, items: items, slice: c.Slice, cache: c.Cache, progress: c.Progress, debug: c.Debug}.run(level)
	if err != nil {
		return result, nil, fmt.Errorf("prove the policies: %w", err)
	}
	findings := slices.Concat(result.Findings, assumedFindings)
	for _, t := range result.FlowTests {
		findings = append(findings, reach.FlowTestFindings(t)...)
	}
	if !findings.HasError() {
		findings = append(findings, c.provedFindings(result)...)
	}
	return result, findings, nil
}

// provedFindings are the outcome of a proof without errors.
func (c Build) provedFindings(r report.Report) report.Findings {
	if !c.Slice.IsWhole() {
		return c.provedInPart(r)
	}
	switch {
	case r.Isolation != nil && c.Index.WithoutResources:
		return c.outcome(report.NotProved, "", "a generator sees no other resources, so this covers the generated policies alone: run tenantfence verify on the whole build; %s", summary(r))
	case r.Isolation != nil && !r.Proved():
		return c.outcome(report.NotProved, "", "%s", summary(r))
	case r.Isolation != nil:
		return c.outcome(report.Proved, "", "%s", summary(r))
	case len(r.FlowTests) > 0 && !isolatesAny(c.Fence):
		return c.outcome(report.NotProved, "", "isolation is not proved, because the build has no Tenant; %s", flowTestSummary(r))
	case len(r.FlowTests) > 0:
		return c.outcome(report.NotProved, "spec.proof", "isolation is not proved; %s", flowTestSummary(r))
	default:
		return nil
	}
}

// provedInPart is the outcome of a proof of a slice. It claims nothing about the rest of the fence.
func (c Build) provedInPart(r report.Report) report.Findings {
	text := func() string { return strings.TrimPrefix(summary(r), isolationProved) }
	switch {
	case c.Slice.CheckTenants(resource.OwnershipOf(c.Fence).Tenants) != nil:
		// The host refuses a tenant that no fence of the build has.
		return nil
	case r.Isolation != nil && !c.Index.WithoutResources && r.Proved():
		return c.outcome(report.NotProved, "", "the rest of the fence is not proved; verified: %s, %s", c.Slice, text())
	case r.Isolation != nil && c.Index.WithoutResources:
		return c.outcome(report.NotProved, "", "a generator sees no other resources, so this covers the generated policies alone, of %s: %s", c.Slice, text())
	case r.Isolation != nil:
		return c.outcome(report.NotProved, "", "%s: %s", c.Slice, text())
	case len(r.FlowTests) > 0:
		return c.outcome(report.NotProved, "", "%s: isolation is not proved; %s", c.Slice, flowTestSummary(r))
	}
	return nil
}

// isolationProved begins the summary of a proof of isolation.
const isolationProved = "isolation proved: "

func (c Build) outcome(check *report.Check, field, format string, args ...any) report.Findings {
	return report.Findings{report.New(check, report.Info, c.In.FenceRef, field, format, args...)}
}

// summary states what was proved. Tenants in AllowOnly are not isolated yet.
func summary(r report.Report) string {
	i := r.Isolation
	pods := report.Count(i.Pods, "pod")
	if nodes := i.Nodes.Total(); nodes > 0 {
		pods += " and " + report.Count(nodes, "node")
	}
	scope := fmt.Sprintf("in %s (%s, including representative ones)", report.Count(i.Namespaces.Total(), "namespace"), pods)
	out := []string{isolationProved + "no undeclared access " + scope}
	switch {
	case i.Namespaces.Proved < i.Namespaces.Total() || i.Nodes.Proved < i.Nodes.Total():
		out[0] = i.String()
	case slices.ContainsFunc(r.Findings, func(f report.Finding) bool {
		return f.Severity == report.Warning && f.Check != report.AgentSettingUnspecified
	}):
		out[0] = "isolation decided, with warnings, " + scope
	}
	out = append(out, i.Declared.String())
	if text := i.RecalledText(); text != "" {
		out = append(out, text)
	}
	if len(r.FlowTests) > 0 {
		out = append(out, flowTestSummary(r))
	}
	if len(i.AllowOnlyOwners) > 0 {
		out = append(out, "in AllowOnly: "+strings.Join(i.AllowOnlyOwners, ", "))
	}
	return strings.Join(out, "; ")
}

func flowTestSummary(r report.Report) string {
	cases := 0
	for _, t := range r.FlowTests {
		cases += len(t.Cases)
	}
	return report.Count(cases, "FlowTest case") + " as expected"
}
