package lint

import (
	"encoding/json"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// StartingPods warns about policies with allow rules that select only pods with the identity init.
// Every pod of every tenant has this identity while it starts, before its labels are known.
func StartingPods(f *policy.Fence, items []*yaml.RNode, own func(*yaml.RNode) bool) report.Findings {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	var out report.Findings
	for _, n := range items {
		if !resource.IsCilium(n) || resource.IsLocalConfig(n) || own(n) {
			continue
		}
		selects := selectsStartingPods
		if n.GetKind() != resource.KindClusterwide {
			selects = func(s endpoints.Selector) bool { return namesStartingPods(s) && selectsStartingPods(s) }
		}
		for _, at := range inSpecs(n, func(at string, spec any) []string { return startingPodsIn(selects, at, spec) }) {
			out = append(out, report.New(report.PolicySelectsStartingPods, report.Warning, resource.RefOf(n), at+".endpointSelector", "selects pods whose labels are not known yet (reserved:init): every pod of every tenant has these flows while it starts: remove the policy, or allow only flows that any pod may have"))
		}
	}
	return out
}

// startingPodsIn returns the path of a spec that selects only starting pods and has allow rules.
func startingPodsIn(selects func(endpoints.Selector) bool, at string, spec any) []string {
	object, _ := spec.(map[string]any)
	var selector endpoints.Selector
	data, err := json.Marshal(object["endpointSelector"])
	if object["endpointSelector"] == nil || err != nil || json.Unmarshal(data, &selector) != nil || !selects(selector) {
		return nil
	}
	for _, d := range flow.Directions() {
		if slices.ContainsFunc(listField(spec, string(d)), func(rule any) bool { fields, _ := rule.(map[string]any); return len(fields) > 0 }) {
			return []string{at}
		}
	}
	return nil
}

const startingKey = "reserved:init"

// namesStartingPods reports whether a selector has the label reserved:init. Otherwise, Cilium
// restricts the selector of a namespaced policy to its namespace.
func namesStartingPods(s endpoints.Selector) bool {
	return slices.ContainsFunc(endpoints.RequirementsOf(s, endpoints.PodLabel), func(r endpoints.Requirement) bool { return r.Key == startingKey })
}

// selectsStartingPods reports whether a selector selects pods whose only label is reserved:init, and
// no pod with a namespace.
func selectsStartingPods(s endpoints.Selector) bool {
	alone := false
	for _, r := range endpoints.RequirementsOf(s, endpoints.PodLabel) {
		if !startingPodMatches(r) {
			return false
		}
		absent := isNegative(r)
		of := strings.TrimPrefix(strings.TrimPrefix(r.Key, "k8s:"), "any:")
		alone = alone || !absent || of == namespaceKey && r.Operator == metav1.LabelSelectorOpDoesNotExist
	}
	return alone
}

// startingPodMatches reports whether a starting pod matches a requirement.
func startingPodMatches(r endpoints.Requirement) bool {
	if key := strings.TrimPrefix(r.Key, "any:"); key != startingKey && key != "init" {
		return isNegative(r)
	}
	switch r.Operator {
	case metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist:
		return !isNegative(r)
	default:
		return slices.Contains(r.Values, "") != isNegative(r)
	}
}

// isNegative reports whether an endpoint without the label matches a requirement.
func isNegative(r endpoints.Requirement) bool {
	return r.Operator == metav1.LabelSelectorOpDoesNotExist || r.Operator == metav1.LabelSelectorOpNotIn
}
