package lint

import (
	"fmt"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// Requirements finds policies with fromRequires or toRequires, which the version that
// decides does not have: an older one narrows by them the peers of every policy about the
// same pods, and a newer apiserver refuses the policy.
func Requirements(f *policy.Fence, items []*yaml.RNode) report.Findings {
	return checkCiliumPolicies(f, items, requirementsOf, requirementFinding)
}

// requirementField is a field that holds requirements, and the field whose selectors they narrow.
type requirementField struct{ at, selectors string }

func requirementFinding(f *policy.Fence, ref report.Ref, r requirementField) report.Finding {
	what := fmt.Sprintf("Cilium %s removed this field, and Cilium %s narrows by it the %s of all policies about the same pods, which is not decided here",
		policy.Requirements.Removed(), f.Cluster.CiliumVersion, r.selectors)
	if !f.Has(policy.Requirements) {
		what = fmt.Sprintf("Cilium %s removed this field, and an apiserver refuses the policy", policy.Requirements.Removed())
	}
	severity, so := report.Error, "nothing is proved"
	if !f.MayAffectTenant(ref.Namespace) {
		severity, so = report.Warning, "the policy is left out"
	}
	return report.New(report.RequirementsRemoved, severity, ref, r.at, "%s: %s: write its labels into each selector of %s, and remove it", what, so, r.selectors)
}

func requirementsOf(at string, spec any) []requirementField {
	var out []requirementField
	for _, section := range []string{"ingress", "ingressDeny", "egress", "egressDeny"} {
		field, selectors := "fromRequires", "fromEndpoints"
		if section == "egress" || section == "egressDeny" {
			field, selectors = "toRequires", "toEndpoints"
		}
		for i, rule := range listField(spec, section) {
			object, _ := rule.(map[string]any)
			list, isList := object[field].([]any)
			if object[field] != nil && (!isList || len(list) > 0) {
				out = append(out, requirementField{at: fmt.Sprintf("%s.%s[%d].%s", at, section, i, field), selectors: selectors})
			}
		}
	}
	return out
}
