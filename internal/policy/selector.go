package policy

import (
	"encoding/json"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Selects says whether a selector selects pods with these labels. A selector that
// cannot be read selects nothing.
func Selects(s Selector, podLabels map[string]string) bool {
	if All(s) {
		return true
	}
	sel, err := metav1.LabelSelectorAsSelector(&s)
	return err == nil && sel.Matches(labels.Set(podLabels))
}

// All says whether a selector selects every pod.
func All(s Selector) bool { return len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0 }

// Both is the selector of the pods that a and b select. It reports false where
// their matchLabels contradict each other, so that there can be none.
func Both(a, b Selector) (Selector, bool) {
	out := Selector{MatchLabels: map[string]string{}}
	maps.Copy(out.MatchLabels, a.MatchLabels)
	for k, v := range b.MatchLabels {
		if have, ok := out.MatchLabels[k]; ok && have != v {
			return Selector{}, false
		}
		out.MatchLabels[k] = v
	}
	out.MatchExpressions = append(out.MatchExpressions, a.MatchExpressions...)
	for _, e := range b.MatchExpressions {
		if !slices.ContainsFunc(out.MatchExpressions, func(have metav1.LabelSelectorRequirement) bool { return sameRequirement(have, e) }) {
			out.MatchExpressions = append(out.MatchExpressions, e)
		}
	}
	return out, true
}

func sameRequirement(a, b metav1.LabelSelectorRequirement) bool {
	return a.Key == b.Key && a.Operator == b.Operator && slices.Equal(a.Values, b.Values)
}

// Key is equal for selectors that are written alike.
func Key(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// PodsOf returns the selector that a pointer in the API means: nil selects all.
func PodsOf(s *metav1.LabelSelector) Selector {
	if s == nil {
		return Selector{}
	}
	return *s
}
