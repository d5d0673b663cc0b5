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
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Verification is the input of Verify.
type Verification struct {
	// Items are the finished resources, as they are applied.
	Items []*yaml.RNode
	// Runs are the inputs of the function. None: the items contain them.
	Runs []Run
	// Kpt reports that the items are a kpt package. kpt does not apply resources that are marked
	// local-config. kubectl applies them.
	Kpt bool
	// CompleteOutput reports that the items are the whole output of a build: it contains no inputs, and
	// policies that it lacks are not applied. Otherwise hand-written policies in the inputs are applied,
	// too.
	CompleteOutput bool
	// DuringBuild reports that a build verifies its own output: spec.proof of the fence applies.
	DuringBuild bool
	// Findings are findings about the files of the items.
	Findings report.Findings
	// Written are the policies that the runs wrote, if layers above the fence may have changed the build.
	// Omitted: no layer is above it, or the runs are unknown.
	Written []*yaml.RNode
	// Fence is the name of the fence to verify. It may be omitted if only one exists.
	Fence string
	// Slice is the part of the fence to verify. Policies outside of it that the items lack are assumed.
	// Omitted: the whole fence.
	Slice report.Slice
	// Cache has results of earlier proofs, and receives new ones. Omitted: none.
	Cache Cache
	// Assumed has the cluster and accepted kinds without a profile. Omitted: the kinds of policies decide.
	Assumed *policy.Fence
	// ListAccess requests a list of what policies allow at pods and nodes.
	ListAccess bool
	// Progress receives how far the verification is.
	Progress report.Progress
	// Debug receives each step. Omitted: none.
	Debug generate.Debug
}

// Verify decides whether finished policies implement the intent: whether they are as generated, and what
// they allow. The report has the findings. An error means that they cannot be verified.
func Verify(v Verification) (report.Report, error) {
	if found := v.malformed(); len(found) > 0 {
		return report.Report{Basis: report.TenantBasis, Findings: found.Sort()}, nil
	}
	runs, err := runsOf(v.Fence, v.Runs)
	if err != nil {
		return report.Report{}, err
	}
	finished, found := v.Items, report.Findings{}
	if len(runs) > 0 {
		found = outsideFence(v)
	} else if runs, err = runsOf(v.Fence, Runs(v.Items)); err != nil {
		return report.Report{}, err
	}
	found = slices.Concat(found, v.Findings, lint.LocalPolicies(finished, v.Kpt, fenceOf(runs)), lint.AuditAnnotation(finished), lint.UnknownAnnotations(finished), lint.Withheld(finished))
	if !v.Kpt {
		if v.Items, err = asApplied(finished); err != nil {
			return report.Report{}, err
		}
	}
	result, err := v.decide(runs)
	result.Findings = append(result.Findings, found...).Sort()
	return result, err
}

// decide decides the items: by the runs of one fence, by FlowTests, or by labels.
func (v Verification) decide(runs []Run) (report.Report, error) {
	switch {
	case len(runs) > 0 && len(v.Runs) > 0:
		if !v.CompleteOutput {
			v.Items = slices.Concat(v.Items, appliedElsewhere(v.Items, runs))
		}
		return v.compareAndProve(runs, mergeInputs(v.Items, runs))
	case len(runs) > 0:
		return v.compareAndProve(runs, v.Items)
	case !v.Slice.IsWhole():
		return report.Report{}, fmt.Errorf("%s: no Tenant is known, so the slice is unknown: add --inputs DIR with the Tenants", strings.TrimSuffix(v.Slice.String(), " only"))
	case hasFlowTest(v.Items):
		return v.byFlowTests()
	default:
		return v.byLabels()
	}
}

// Findings are the findings of a result, including those about its FlowTests.
func Findings(r report.Report) report.Findings {
	out := slices.Clone(r.Findings)
	for _, t := range r.FlowTests {
		out = append(out, reach.FlowTestFindings(t)...)
	}
	return out.Sort()
}

func fenceOf(runs []Run) string {
	if len(runs) == 0 {
		return ""
	}
	return runs[0].Config.GetName()
}

// malformed reports items and inputs that cannot be read.
func (v Verification) malformed() report.Findings {
	out := resource.MalformedItems(v.Items)
	for _, r := range v.Runs {
		for _, f := range generate.ShapeFindings(r.Config, r.Items) {
			if !out.Contains(f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// asApplied are the items as kubectl applies them: it ignores the annotation local-config.
func asApplied(items []*yaml.RNode) ([]*yaml.RNode, error) {
	out := slices.Clone(items)
	for i, n := range out {
		if resource.Group(n) == v1alpha1.Group || !resource.IsLocalConfig(n) {
			continue
		}
		out[i] = n.Copy()
		if err := out[i].PipeE(yaml.ClearAnnotation(resource.LocalConfig)); err != nil {
			return nil, fmt.Errorf("read %s: %w", resource.RefOf(n), err)
		}
	}
	return out, nil
}

// outsideFence refuses finished resources of this project's kinds that no run of the function received:
// they have no effect, and would reach the cluster. FlowTests in files are decided.
func outsideFence(v Verification) report.Findings {
	known := map[report.Ref]bool{}
	for _, r := range v.Runs {
		addIDs(known, append(slices.Clone(r.Items), r.Config))
	}
	var out report.Findings
	for _, n := range v.Items {
		if resource.Group(n) == v1alpha1.Group && !known[resource.ID(n)] && (v.CompleteOutput || n.GetKind() != v1alpha1.KindFlowTest) {
			out = append(out, OutsideFence(resource.RefOf(n)))
		}
	}
	return out
}

// OutsideFence is the error about a resource of this project's kinds that no TenantFence received.
func OutsideFence(ref report.Ref) report.Finding {
	return report.New(report.ResourceOutsideFence, report.Error, ref, "", "no TenantFence receives it, so it has no effect and would reach the cluster: list the fence at or above the layer that lists this %s", ref.Kind)
}

// ChangedAboveFence is the error about a resource of this project's kinds that a layer changed after the
// TenantFence received it.
func ChangedAboveFence(ref report.Ref) report.Finding {
	return report.New(report.ResourceOutsideFence, report.Error, ref, "spec", "a layer above the fence changes it, and no TenantFence receives the change, so it has no effect: list the fence at or above the layer that changes this %s", ref.Kind)
}

// byLabels reports what the labels of policies show. It verifies nothing, because the author of a policy
// also writes its labels.
func (v Verification) byLabels() (report.Report, error) {
	if len(fencePolicies(v.Items)) == 0 {
		return report.Report{Unproved: []string{"no Tenant and no FlowTest is known, and no policy has the label " + resource.LabelFence + ": " + notRunHint + "; add --inputs DIR with the Tenants"}}, nil
	}
	v.Progress.Report("reading labels", 0, 0)
	v.Debug.Report("read", generate.ReadResult(v.Items))
	name, err := chooseFence(v.Fence, fenceNames(v.Items))
	if err != nil {
		return report.Report{}, err
	}
	_, index, items, found := generate.ReadWithoutFence(v.Items)
	result, err := reportByLabels(name, index, items, v.Progress)
	if err != nil {
		return report.Report{}, fmt.Errorf("read labels: %w", err)
	}
	result.Findings = index.External.Locate(slices.Concat(result.Findings, found, lint.Moved(items)))
	return result, nil
}

// compareAndProve verifies policies against known Tenants. The items include external resources.
func (v Verification) compareAndProve(runs []Run, items []*yaml.RNode) (result report.Report, err error) {
	v.Progress.Report("resolving Tenants", 0, 0)
	result.Basis, result.Slice = report.TenantBasis, v.Slice
	in, index, findings := generate.Read(runs[0].Config, items)
	v.Debug.Report("read", generate.ReadResult(items))
	if result.Findings = findings; in == nil {
		return result, nil
	}
	defer func() { result.Findings = index.External.Locate(result.Findings) }()
	in.Fence.Spec.Stages, in.Fence.Spec.Emit, in.Fence.Spec.Adopt = stagesOf(runs), emitOf(runs), adoptOf(runs)
	index.WithoutResources = index.WithoutResources || runs[0].Blind
	w, found := generate.Policies(in, index, v.Debug)
	if result.Findings = v.causes(append(result.Findings, found...)); result.Findings.HasError() {
		return result, nil
	}
	if err := v.checkSlice(in, w.Fence); err != nil {
		return result, err
	}
	v.Progress.Report("comparing policies", 0, 0)
	options := generate.MergeOptions(in, w.Fence)
	elsewhere, counts, found, err := v.compareWith(w, options)
	if err != nil {
		return result, err
	}
	items = append(slices.Clone(items), elsewhere...)
	v.Debug.Report("compare", func() string {
		return fmt.Sprintf("%d of %s as generated", counts.Matching, report.Count(counts.Desired, "policy"))
	})
	found = append(v.changedByLayersAbove(in, found), lint.OtherFences(w.Fence, options.Owns, v.Items)...)
	result.Findings, result.Comparison = slices.Concat(result.Findings, found, assumedElsewhere(in, elsewhere)), &counts
	if counts.AllMissing() || counts.Moved > 0 {
		result.Findings = append(result.Findings, movedFinding(in, counts)...)
		return result, nil
	}
	if !isolatesAny(w.Fence) && !found.HasError() {
		withoutTenants(in, &result)
	}
	if items, found, err = withAssumedPolicies(options, items, w.Policies); err != nil {
		return result, err
	}
	result.Findings = slices.Concat(result.Findings, found, lint.WithoutEffect(w.Fence, index, withoutOwnKinds(items)))
	if !containsAll(policiesOfUnlistedStages(w.Policies, in.Fence.Spec.Stages), items) {
		result.Findings = append(result.Findings, unlistedStagesFinding(in)...)
		result.Unproved = append(result.Unproved, "policies of some stages are missing")
		return result, nil
	}
	err = v.prove(&result, proof{in: in, index: index, Desired: w, items: withoutOwnKinds(items), slice: v.Slice, cache: v.Cache, listAccess: v.ListAccess, progress: v.Progress, debug: v.Debug}, items)
	return result, err
}

// compareWith compares the items with what is generated. elsewhere are the policies outside of the slice.
func (v Verification) compareWith(w generate.Desired, o merge.Options) (elsewhere []*yaml.RNode, counts report.Comparison, found report.Findings, err error) {
	if elsewhere, err = v.policiesElsewhere(w, o, v.Items); err != nil {
		return nil, counts, nil, err
	}
	counts, found, err = compare(o, v.Slice, append(withoutOwnKinds(v.Items), elsewhere...), w.Policies)
	return elsewhere, counts, found, err
}

// prove adds the result of a proof.
func (v Verification) prove(result *report.Report, p proof, items []*yaml.RNode) error {
	v.Progress.Report("proving", 0, 0)
	proved, err := p.run(v.level(p.in))
	if err != nil {
		return fmt.Errorf("prove the policies: %w", err)
	}
	result.FlowTests, result.Isolation, result.Assumptions = proved.FlowTests, proved.Isolation, proved.Assumptions
	result.Agents = proved.Agents
	result.Subject = p.subject(items, proved.FlowTests)
	result.Findings, result.Unproved = append(result.Findings, proved.Findings...), append(result.Unproved, proved.Unproved...)
	return nil
}

// level is the level of the proof. A build uses spec.proof of its fence.
func (v Verification) level(in *resource.Inputs) v1alpha1.Proof {
	if v.DuringBuild {
		return in.Fence.Spec.Proof
	}
	return v1alpha1.ProofIsolation
}

// withoutTenants sets the basis of a report whose inputs declare no tenants and nodes.
func withoutTenants(in *resource.Inputs, r *report.Report) {
	r.Basis = report.FlowTestBasis
	if len(in.FlowTests) == 0 {
		r.Basis = ""
		r.Unproved = []string{"the inputs have no Tenant, no FlowTest and no profile with nodes: list them in the layer of the fence, or name their folder with --inputs"}
	}
}

// policiesOfUnlistedStages are the policies of stages that are not listed.
func policiesOfUnlistedStages(desired []*resource.Generated, stages []v1alpha1.Stage) []*resource.Generated {
	return slices.DeleteFunc(slices.Clone(desired), func(g *resource.Generated) bool { return slices.Contains(stages, g.Stage) })
}

func unlistedStagesFinding(in *resource.Inputs) report.Findings {
	return report.Findings{report.New(report.NotProved, report.Warning, in.FenceRef, "spec.stages", "isolation and FlowTests are not decided: policies of a stage that is not listed are missing: verify all stages together, with the inputs that list the last stage")}
}

// movedFinding reports that a layer moves or renames policies. Its consequences are not reported.
func movedFinding(in *resource.Inputs, counts report.Comparison) report.Findings {
	if counts.Moved == 0 {
		return nil
	}
	return report.Findings{report.New(report.NotProved, report.Warning, in.FenceRef, "", "isolation and FlowTests are not decided: a layer above the fence moves or renames its policies")}
}

// withoutOwnKinds are the items of other kinds than this project's.
func withoutOwnKinds(items []*yaml.RNode) []*yaml.RNode {
	var out []*yaml.RNode
	for _, n := range items {
		if resource.Group(n) != v1alpha1.Group {
			out = append(out, n)
		}
	}
	return out
}
