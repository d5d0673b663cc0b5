package fn

import (
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// ErrNothingMeant says that finished policies cannot be held against anything.
var ErrNothingMeant = errors.New("nothing says what was meant, since there is no Tenant, and no policy that bears the label " + resource.LabelFence +
	": " + didItRun + "; where it ran, say where the Tenants are with --inputs")

// Verification is what is to be verified, and what was meant.
type Verification struct {
	// Items are finished: what would be applied.
	Items []*yaml.RNode
	// Runs are what the function was given. None: the items tell it themselves.
	Runs []Run
	// Fence is the name of the fence to verify. Omitted: there is only one.
	Fence string
	// Progress is told how far it is.
	Progress policy.Progress
}

// Verify finds out whether finished policies do what was meant: whether they are those
// that the function would generate, and what they let pass. What is wrong with them is
// in the report; an error says that they cannot be verified.
func Verify(v Verification) (policy.Report, error) {
	if found := v.malformed(); len(found) > 0 {
		return policy.Report{Findings: found.Sort()}, nil
	}
	runs, items := v.Runs, v.Items
	if len(runs) > 0 {
		items = together(v.Items, runs)
	} else {
		runs = Runs(v.Items)
	}
	runs, err := runsOf(v.Fence, runs)
	if err != nil {
		return policy.Report{}, err
	}
	if !tells(runs) && len(fenced(v.Items)) == 0 {
		return policy.Report{}, ErrNothingMeant
	}
	var report policy.Report
	if len(runs) == 0 {
		report, err = v.byLabels()
	} else {
		report, err = v.against(runs, items)
	}
	report.Findings = slices.Concat(report.Findings, lint.Moved(v.Items), lint.AuditAnnotation(v.Items)).Sort()
	return report, err
}

// malformed finds what cannot be read at all, in what is verified and in the inputs.
func (v Verification) malformed() policy.Findings {
	out := resource.Shapes(v.Items)
	for _, r := range v.Runs {
		for _, f := range shapes(r.Config, r.Items) {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// tells says whether there is a Tenant in what the function was given.
func tells(runs []Run) bool {
	return slices.ContainsFunc(runs, func(r Run) bool {
		if f, errs := v1alpha1.DecodeFence(r.Config); len(errs) == 0 && len(f.Spec.Tenants) > 0 {
			return true
		}
		return slices.ContainsFunc(r.Items, func(n *yaml.RNode) bool {
			return n.GetKind() == v1alpha1.KindTenant && resource.Group(n) == v1alpha1.Group
		})
	})
}

// byLabels verifies policies of which nothing but their labels tells what was meant.
func (v Verification) byLabels() (policy.Report, error) {
	v.Progress.Tell("proving isolation", 0, 0)
	name, err := chosen(v.Fence, fenceNames(v.Items))
	if err != nil {
		return policy.Report{}, err
	}
	rest := foreign(v.Items)
	index, findings := resource.NewIndex(rest)
	report, err := proveByLabels(name, index, rest, v.Progress)
	if err != nil {
		return policy.Report{}, fmt.Errorf("prove isolation: %w", err)
	}
	report.Findings = slices.Concat(report.Findings, findings, policy.Findings{{
		Check: "labels-only", Severity: policy.Warning,
		Message: "there is no Tenant, so only the labels of the policies tell what was meant: isolation was looked into, and neither flows nor missing policies; say where the Tenants are with --inputs",
	}})
	return report, nil
}

// against verifies policies for which the Tenants are known. The items are all that
// there is, the inventory included.
func (v Verification) against(runs []Run, items []*yaml.RNode) (policy.Report, error) {
	v.Progress.Tell("resolving Tenants", 0, 0)
	in, index, findings := Read(runs[0].Config, items)
	if in == nil {
		return policy.Report{Findings: findings}, nil
	}
	in.Fence.Spec.Stages, in.Fence.Spec.Emit = stagesOf(runs), emitOf(runs)
	index.Blind = index.Blind || runs[0].Blind
	w, said, err := want(in, index)
	if findings = append(findings, said...); findings.HasError() {
		return policy.Report{Findings: findings}, nil
	}
	if err != nil {
		return policy.Report{}, fmt.Errorf("generate the policies anew: %w", err)
	}
	v.Progress.Tell("comparing policies", 0, 0)
	options := mergeOptions(in, w.fence)
	sum, said := compare(options, foreign(v.Items), w.policies)
	findings = append(findings, said...)
	if sum.NothingThere() {
		return policy.Report{Comparison: &sum, Findings: findings}, nil
	}
	items, said = besideEmitted(options, items, w.policies)
	findings = append(findings, said...)
	if !complete(later(w.policies, in.Fence.Spec.Stages), items) {
		findings = append(findings, laterStages(in)...)
		return policy.Report{Comparison: &sum, Findings: findings}, nil
	}
	v.Progress.Tell("proving", 0, 0)
	// proof: None spares a build what is done here.
	report, err := proof{in: in, index: index, wanted: w, items: foreign(items), progress: v.Progress}.run(v1alpha1.ProofIsolation)
	if err != nil {
		return policy.Report{}, fmt.Errorf("prove the policies: %w", err)
	}
	report.Findings = append(report.Findings, findings...)
	report.Comparison = &sum
	return report, nil
}

// later are the policies of stages that are not listed.
func later(desired []*yaml.RNode, stages []v1alpha1.Stage) []*yaml.RNode {
	return slices.DeleteFunc(slices.Clone(desired), func(n *yaml.RNode) bool {
		return slices.Contains(stages, v1alpha1.Stage(n.GetLabels()[resource.LabelStage]))
	})
}

func laterStages(in *resource.Inputs) policy.Findings {
	return policy.Findings{{
		Check: "not-proved", Severity: policy.Warning, Resource: in.FenceRef, Field: "spec.stages",
		Message: "neither isolation nor FlowTests are looked into, since a stage that is not listed has policies that are not here: verify all stages together, with the inputs that list the last one",
	}}
}

// foreign are the items that are not of this project's own kinds.
func foreign(items []*yaml.RNode) []*yaml.RNode {
	var out []*yaml.RNode
	for _, n := range items {
		if resource.Group(n) != v1alpha1.Group {
			out = append(out, n)
		}
	}
	return out
}
