package lint

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// removedRules are the fields of toPorts[].rules in cilium.RemovedL7.
var removedRules = []string{"kafka", "l7", "l7proto"}

// RemovedRules reports policies with L7 rules that Cilium no longer supports. Without them, all
// traffic is allowed.
func RemovedRules(f *policy.Fence, items []*yaml.RNode) report.Findings {
	return checkCiliumPolicies(f, items, removedRules, findRemovedRules, removedRuleFinding)
}

func removedRuleFinding(f *policy.Fence, ref report.Ref, at string) report.Finding {
	finding := report.New(report.L7RulesRemoved, report.Warning, ref, at, "Cilium %s removes this rule, and it is not decided: all traffic on these ports counts as allowed, as after that upgrade: remove the rule, and restrict access in the brokers or servers", cilium.RemovedL7.Removed())
	if f.MayAffectTenant(ref.Namespace) {
		finding.Severity = report.Error
	}
	if !f.Has(cilium.RemovedL7) {
		finding.Message = fmt.Sprintf("Cilium %s removed this rule, so all traffic on these ports is allowed: remove the rule, and restrict access in the brokers or servers", cilium.RemovedL7.Removed())
	}
	return finding
}

// checkCiliumPolicies returns the findings in each spec of Cilium policies, if Cilium enforces
// policies. It skips local-config policies, and those without any of the fields.
func checkCiliumPolicies[T any](f *policy.Fence, items []*yaml.RNode, fields []string, find func(at string, spec any) []T, add func(*policy.Fence, report.Ref, T) report.Finding) report.Findings {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	var out report.Findings
	for _, n := range items {
		if !resource.IsCilium(n) || resource.IsLocalConfig(n) || !resource.HasKey(n.YNode(), fields...) {
			continue
		}
		for _, found := range inSpecs(n, find) {
			out = append(out, add(f, resource.RefOf(n), found))
		}
	}
	return out
}

func inSpecs[T any](n *yaml.RNode, find func(at string, spec any) []T) []T {
	doc, err := n.Map()
	if err != nil {
		return nil
	}
	out := find("spec", doc["spec"])
	for i, spec := range listField(doc, "specs") {
		out = append(out, find(fmt.Sprintf("specs[%d]", i), spec)...)
	}
	return out
}

func findRemovedRules(at string, spec any) []string {
	var out []string
	for _, direction := range []string{"ingress", "egress"} {
		for i, rule := range listField(spec, direction) {
			for j, ports := range listField(rule, "toPorts") {
				out = append(out, removedRulesAt(fmt.Sprintf("%s.%s[%d].toPorts[%d].rules.", at, direction, i, j), ports)...)
			}
		}
	}
	return out
}

func removedRulesAt(at string, ports any) []string {
	item, _ := ports.(map[string]any)
	rules, _ := item["rules"].(map[string]any)
	var out []string
	for field := range rules {
		if slices.Contains(removedRules, field) {
			out = append(out, at+field)
		}
	}
	slices.Sort(out)
	return out
}

func listField(in any, field string) []any {
	object, _ := in.(map[string]any)
	list, _ := object[field].([]any)
	return list
}
