package policy

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/endpoints"

	"maps"
	"slices"
)

// OtherPods returns peers for the pods of a namespace that a selector does not select.
func OtherPods(namespace string, s endpoints.Selector) []Peer {
	opposite := map[metav1.LabelSelectorOperator]metav1.LabelSelectorOperator{
		metav1.LabelSelectorOpIn: metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpNotIn: metav1.LabelSelectorOpIn,
		metav1.LabelSelectorOpExists: metav1.LabelSelectorOpDoesNotExist, metav1.LabelSelectorOpDoesNotExist: metav1.LabelSelectorOpExists,
	}
	var requirements []metav1.LabelSelectorRequirement
	for _, k := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		requirements = append(requirements, metav1.LabelSelectorRequirement{Key: k, Operator: metav1.LabelSelectorOpIn, Values: []string{s.MatchLabels[k]}})
	}
	var out []Peer
	for _, e := range append(requirements, s.MatchExpressions...) {
		e.Operator = opposite[e.Operator]
		out = append(out, Peer{Kind: Pods, Namespace: namespace, Pods: endpoints.Selector{MatchExpressions: []metav1.LabelSelectorRequirement{e}}})
	}
	return out
}
