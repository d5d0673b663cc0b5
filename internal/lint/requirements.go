package lint

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Requirements reports policies with fromRequires or toRequires, which the deciding version does
// not have. An older version also restricts by them the peers of all other policies for the same
// pods. With a newer version, the apiserver refuses the policy.
func Requirements(f *policy.Fence, items []*yaml.RNode) report.Findings {
	return checkCiliumPolicies(f, items, []string{"fromRequires", "toRequires"}, requirementsOf, requirementFinding)
}

// requirementField is a field with requirements, and the field whose selectors they restrict.
type requirementField struct{ at, selectors string }

func requirementFinding(f *policy.Fence, ref report.Ref, r requirementField) report.Finding {
	problem := fmt.Sprintf("Cilium %s removed this field, and in Cilium %s it restricts the %s of all policies for the same pods, which is not decided",
		cilium.Requirements.Removed(), f.Cluster.CiliumVersion, r.selectors)
	if !f.Has(cilium.Requirements) {
		problem = fmt.Sprintf("Cilium %s removed this field, and an apiserver refuses the policy", cilium.Requirements.Removed())
	}
	severity, consequence := report.Error, "nothing is proved"
	if !f.MayAffectTenant(ref.Namespace) {
		severity, consequence = report.Warning, "the policy is ignored"
	}
	return report.New(report.RequirementsRemoved, severity, ref, r.at, "%s: %s: add its labels to each selector of %s, and remove it", problem, consequence, r.selectors)
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
