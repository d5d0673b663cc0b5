package fn

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// check looks at the finished items. It says what was proved, and what was not.
func check(in *resource.Inputs, index *resource.Index, fence *policy.Fence, before, desired []*yaml.RNode, merged merge.Result) (policy.Report, policy.Findings, error) {
	findings := refuseEmpty(in, before, merged.Items)
	lost, err := tellAdopted(fence, index, merged.Adopted, before, merged.Items)
	if findings = append(findings, lost...); err != nil || findings.HasError() {
		return policy.Report{}, findings, err
	}
	report, said, err := checkFlows(in, index, fence, desired, merged.Items)
	return report, append(findings, said...), err
}

// checkFlows proves the items, where they are all that there will be: a build that has
// a later stage still to come would be held against policies that it has not got.
func checkFlows(in *resource.Inputs, index *resource.Index, fence *policy.Fence, desired, items []*yaml.RNode) (policy.Report, policy.Findings, error) {
	none := in.Fence.Spec.Proof == v1alpha1.ProofNone
	switch {
	case len(fence.Tenants) == 0:
		return policy.Report{}, nil, nil
	case !complete(desired, items):
		return policy.Report{}, said("not-proved", in, "spec.stages", "neither isolation nor FlowTests are looked into here, since a stage that is not listed here has policies that are not there yet: the layer that lists the last stage does it, or tenantfence verify on what was rendered"), nil
	case none && len(in.FlowTests) == 0:
		return policy.Report{}, said("not-proved", in, "spec.proof", "isolation is not proved"), nil
	}
	report, err := prove(in, index, fence, items)
	if err != nil {
		return report, nil, fmt.Errorf("prove the policies: %w", err)
	}
	findings := report.Findings
	switch {
	case findings.HasError():
	case none:
		findings = append(findings, said("not-proved", in, "spec.proof", "isolation is not proved; %s", flowsHold(report))...)
	default:
		findings = append(findings, said("proved", in, "", "%s", summary(report))...)
	}
	return report, findings, nil
}

func said(check string, in *resource.Inputs, field, format string, args ...any) policy.Findings {
	return policy.Findings{{Check: check, Severity: policy.Info, Resource: in.FenceRef, Field: field, Message: fmt.Sprintf(format, args...)}}
}

// summary says what was proved.
func summary(r policy.Report) string {
	out := []string{fmt.Sprintf("nothing is open that nobody declared, in %d namespaces and for %d pods, also imagined ones", r.Isolation.Namespaces, r.Isolation.Pods)}
	if slices.ContainsFunc(r.Findings, func(f policy.Finding) bool { return f.Severity == policy.Warning }) {
		out[0] = fmt.Sprintf("isolation was looked into in %d namespaces and for %d pods, also imagined ones", r.Isolation.Namespaces, r.Isolation.Pods)
	}
	out = append(out, fmt.Sprintf("%d declared flows are allowed at both ends", r.Isolation.Declared))
	if len(r.FlowTests) > 0 {
		out = append(out, flowsHold(r))
	}
	if len(r.Isolation.Audited) > 0 {
		out = append(out, "as if these were enforced: "+strings.Join(r.Isolation.Audited, ", "))
	}
	return strings.Join(out, "; ")
}

func flowsHold(r policy.Report) string {
	cases := 0
	for _, t := range r.FlowTests {
		cases += len(t.Cases)
	}
	return fmt.Sprintf("%d of %d cases of FlowTests hold", cases, cases)
}
