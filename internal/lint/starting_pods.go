package lint

import (
	"encoding/json"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// StartingPods warns of policies that allow flows to pods whose labels an agent does not know
// yet, and to no others: each pod has the identity init while it starts, of whichever tenant.
func StartingPods(f *policy.Fence, items []*yaml.RNode, own func(*yaml.RNode) bool) policy.Findings {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	var out policy.Findings
	for _, n := range items {
		if !resource.IsCilium(n) || resource.Local(n) || own(n) {
			continue
		}
		clusterwide := n.GetKind() == resource.KindClusterwide
		for _, at := range inSpecs(n, func(at string, spec any) []string { return startingPodsIn(clusterwide, at, spec) }) {
			out = append(out, policy.Finding{
				Check: "policy-of-starting-pods", Severity: policy.Warning, Resource: resource.RefOf(n), Field: at + ".endpointSelector",
				Message: "selects pods whose labels are not known yet (reserved:init), and allows them flows: every pod of every tenant is such a pod while it starts, so each has these flows then: remove the policy, or allow only what any pod may do",
			})
		}
	}
	return out
}

// startingPodsIn returns the path of a spec that selects starting pods alone and allows
// anything.
func startingPodsIn(clusterwide bool, at string, spec any) []string {
	object, _ := spec.(map[string]any)
	var selector policy.Selector
	data, err := json.Marshal(object["endpointSelector"])
	if object["endpointSelector"] == nil || err != nil || json.Unmarshal(data, &selector) != nil || !selectsStarting(clusterwide, selector) {
		return nil
	}
	for _, d := range policy.Directions() {
		if slices.ContainsFunc(listAt(spec, string(d)), func(rule any) bool { fields, _ := rule.(map[string]any); return len(fields) > 0 }) {
			return []string{at}
		}
	}
	return nil
}

// selectsStarting reports whether a selector selects pods whose only label is reserved:init, and
// no pod with a namespace. Cilium adds the policy's namespace to what a policy of a namespace
// selects, unless the selector has the label reserved:init.
func selectsStarting(clusterwide bool, s policy.Selector) bool {
	required, labelled := false, clusterwide
	for _, r := range policy.RequirementsOf(s, policy.PodLabel) {
		source, key, found := strings.Cut(r.Key, ":")
		if !found {
			source, key = "any", r.Key
		}
		lacks := r.Operator == metav1.LabelSelectorOpDoesNotExist || r.Operator == metav1.LabelSelectorOpNotIn
		switch {
		case key == "init" && (source == "reserved" || source == "any"):
			if r.Operator == metav1.LabelSelectorOpDoesNotExist || r.Operator != metav1.LabelSelectorOpExists && slices.Contains(r.Values, "") == lacks {
				return false
			}
			required, labelled = required || !lacks, labelled || source == "reserved"
		case !lacks:
			return false
		case key == namespaceKey && r.Operator == metav1.LabelSelectorOpDoesNotExist:
			required = true
		}
	}
	return required && labelled
}
