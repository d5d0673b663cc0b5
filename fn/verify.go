package fn

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Verification is what is to be verified, and the inputs that it is compared with.
type Verification struct {
	// Items are finished: what would be applied.
	Items []*yaml.RNode
	// Runs are what the function was given. None: the items hold it themselves.
	Runs []Run
	// Kpt reports that the items are a kpt package: kpt does not apply what is marked
	// local-config. Everything else may be applied by kubectl, which does.
	Kpt bool
	// Whole reports that the items are a build's whole output: inputs have no place in it, and
	// a policy that it lacks is not applied. Otherwise the hand-written policies in the inputs
	// are applied beside the items.
	Whole bool
	// AsBuilt reports that a build decides itself: without isolation where its fence asks for
	// none.
	AsBuilt bool
	// Found is what is wrong with the files that hold the items.
	Found policy.Findings
	// Fence is the name of the fence to verify. Omitted: there is only one.
	Fence string
	// Progress is told how far it is.
	Progress policy.Progress
}

// Verify finds out whether finished policies do what was intended: whether they are those
// that the function would generate, and what they allow. What is wrong with them is
// in the report; an error means that they cannot be verified.
func Verify(v Verification) (policy.Report, error) {
	if found := v.malformed(); len(found) > 0 {
		return policy.Report{Basis: policy.TenantBasis, Findings: found.Sort()}, nil
	}
	runs, err := runsOf(v.Fence, v.Runs)
	if err != nil {
		return policy.Report{}, err
	}
	finished, said := v.Items, policy.Findings{}
	if len(runs) > 0 {
		said = outsideFence(v)
	} else if runs, err = runsOf(v.Fence, Runs(v.Items)); err != nil {
		return policy.Report{}, err
	}
	said = slices.Concat(said, v.Found, lint.LocalPolicies(finished, v.Kpt, fenceOf(runs)), lint.AuditAnnotation(finished), lint.UnknownAnnotations(finished), lint.Withheld(finished))
	if !v.Kpt {
		if v.Items, err = applied(finished); err != nil {
			return policy.Report{}, err
		}
	}
	report, err := v.decide(runs)
	report.Findings = append(report.Findings, said...).Sort()
	return report, err
}

// decide decides the items: by the runs of one fence, if any, and else by what there is.
func (v Verification) decide(runs []Run) (policy.Report, error) {
	switch {
	case len(runs) > 0 && len(v.Runs) > 0:
		if !v.Whole {
			v.Items = slices.Concat(v.Items, elsewhere(v.Items, runs))
		}
		return v.against(runs, together(v.Items, runs))
	case len(runs) > 0:
		return v.against(runs, v.Items)
	case hasFlowTest(v.Items):
		return v.byFlowTests()
	default:
		return v.byLabels()
	}
}

// Found are the findings of a report, and those about the FlowTests in it.
func Found(r policy.Report) policy.Findings {
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

// applied are the items as kubectl applies them: it does not know local-config.
func applied(items []*yaml.RNode) ([]*yaml.RNode, error) {
	out := slices.Clone(items)
	for i, n := range out {
		if resource.Group(n) == v1alpha1.Group || !resource.Local(n) {
			continue
		}
		out[i] = n.Copy()
		if err := out[i].PipeE(yaml.ClearAnnotation(resource.LocalConfig)); err != nil {
			return nil, fmt.Errorf("read %s: %w", resource.RefOf(n), err)
		}
	}
	return out, nil
}

// outsideFence refuses finished resources of this project's kinds that no run of the
// function was given: they are not fenced, and would reach the cluster. FlowTests in files
// are decided.
func outsideFence(v Verification) policy.Findings {
	given := map[policy.Ref]bool{}
	for _, r := range v.Runs {
		mark(given, append(slices.Clone(r.Items), r.Config))
	}
	var out policy.Findings
	for _, n := range v.Items {
		if resource.Group(n) == v1alpha1.Group && !given[resource.ID(n)] && (v.Whole || n.GetKind() != v1alpha1.KindFlowTest) {
			out = append(out, OutsideFence(resource.RefOf(n)))
		}
	}
	return out
}

// OutsideFence is the error about a resource of this project's kinds that no TenantFence
// was given.
func OutsideFence(ref policy.Ref) policy.Finding {
	return policy.Finding{
		Check: "outside-fence", Severity: policy.Error, Resource: ref,
		Message: fmt.Sprintf("no TenantFence was given it, so it has no effect and would reach the cluster: list the fence at or above the layer that lists this %s", ref.Kind),
	}
}

// byLabels reports what the labels of policies show. The author of a policy also writes its
// labels, so nothing is verified.
func (v Verification) byLabels() (policy.Report, error) {
	if len(fenced(v.Items)) == 0 {
		return policy.Report{Unproved: []string{"no Tenant and no FlowTest is known, and no policy has the label " + resource.LabelFence + ": " + didItRun + "; add --inputs DIR where the Tenants are"}}, nil
	}
	v.Progress.Tell("reading labels", 0, 0)
	name, err := chosen(v.Fence, fenceNames(v.Items))
	if err != nil {
		return policy.Report{}, err
	}
	rest := foreign(v.Items)
	index, findings := resource.NewIndex(rest)
	report, err := showLabels(name, index, rest, v.Progress)
	if err != nil {
		return policy.Report{}, fmt.Errorf("read labels: %w", err)
	}
	report.Findings = append(report.Findings, append(findings, lint.Moved(rest)...)...)
	return report, nil
}

// against verifies policies for which the Tenants are known. The items are all that
// there is, the inventory included.
func (v Verification) against(runs []Run, items []*yaml.RNode) (policy.Report, error) {
	v.Progress.Tell("resolving Tenants", 0, 0)
	report := policy.Report{Basis: policy.TenantBasis}
	in, index, findings := Read(runs[0].Config, items)
	if report.Findings = findings; in == nil {
		return report, nil
	}
	in.Fence.Spec.Stages, in.Fence.Spec.Emit = stagesOf(runs), emitOf(runs)
	index.Blind = index.Blind || runs[0].Blind
	w, said, err := want(in, index)
	if report.Findings = append(report.Findings, said...); report.Findings.HasError() {
		return report, nil
	}
	if err != nil {
		return report, fmt.Errorf("generate the policies anew: %w", err)
	}
	v.Progress.Tell("comparing policies", 0, 0)
	options := mergeOptions(in, w.fence)
	sum, said := compare(options, foreign(v.Items), w.policies)
	said = append(said, lint.OtherFences(w.fence, options.Owns, v.Items)...)
	report.Findings, report.Comparison = append(report.Findings, said...), &sum
	if sum.Moved > 0 {
		report.Findings = append(report.Findings, movedBefore(in)...)
	}
	if sum.NothingThere() || sum.Moved > 0 {
		return report, nil
	}
	if !fences(w.fence) && !said.HasError() {
		withoutTenants(in, &report)
	}
	items, said = besideEmitted(options, items, w.policies)
	report.Findings = slices.Concat(report.Findings, said, lint.WithoutEffect(w.fence, index, foreign(items)))
	if !complete(later(w.policies, in.Fence.Spec.Stages), items) {
		report.Findings = append(report.Findings, laterStages(in)...)
		report.Unproved = append(report.Unproved, "not every stage is here")
		return report, nil
	}
	v.Progress.Tell("proving", 0, 0)
	proved, err := proof{in: in, index: index, wanted: w, items: foreign(items), progress: v.Progress}.run(v.level(in))
	if err != nil {
		return report, fmt.Errorf("prove the policies: %w", err)
	}
	report.FlowTests, report.Isolation, report.Assumptions = proved.FlowTests, proved.Isolation, proved.Assumptions
	report.Findings, report.Unproved = append(report.Findings, proved.Findings...), append(report.Unproved, proved.Unproved...)
	return report, nil
}

// level is what is proved: proof: None spares a build what is done here.
func (v Verification) level(in *resource.Inputs) v1alpha1.Proof {
	if v.AsBuilt {
		return in.Fence.Spec.Proof
	}
	return v1alpha1.ProofIsolation
}

// withoutTenants is the basis where the inputs declare nothing to isolate.
func withoutTenants(in *resource.Inputs, r *policy.Report) {
	r.Basis = policy.FlowTestBasis
	if len(in.FlowTests) == 0 {
		r.Basis = ""
		r.Unproved = []string{"the inputs hold no Tenant, no FlowTest, and a profile without nodes: list them where the fence is, or name their folder with --inputs"}
	}
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
		Message: "neither isolation nor FlowTests are decided, since the policies of a stage that is not listed are missing here: verify all stages together, with the inputs that list the last one",
	}}
}

// movedBefore: what follows from a layer that moves or renames policies is not repeated.
func movedBefore(in *resource.Inputs) policy.Findings {
	return policy.Findings{{
		Check: "not-proved", Severity: policy.Warning, Resource: in.FenceRef,
		Message: "neither isolation nor FlowTests are decided, since a layer above the fence moves or renames its policies",
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
