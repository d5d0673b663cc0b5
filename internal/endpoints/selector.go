package endpoints

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Selects reports whether a selector selects pods with these labels. An invalid selector selects
// nothing.
func Selects(s Selector, podLabels map[string]string) bool {
	if SelectsAll(s) {
		return true
	}
	sel, err := metav1.LabelSelectorAsSelector(&s)
	return err == nil && sel.Matches(labels.Set(podLabels))
}

// SelectsAll reports whether a selector selects every pod.
func SelectsAll(s Selector) bool { return len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0 }

// Intersect returns a selector of the pods that both a and b select, without redundant
// requirements. It reports false if they contradict each other.
func Intersect(a, b Selector) (Selector, bool) {
	out := Selector{MatchLabels: map[string]string{}}
	for _, s := range []Selector{a, b} {
		for k, v := range s.MatchLabels {
			if have, ok := out.MatchLabels[k]; ok && have != v {
				return Selector{}, false
			}
			out.MatchLabels[k] = v
		}
	}
	for _, e := range slices.Concat(a.MatchExpressions, b.MatchExpressions) {
		value, decided := out.MatchLabels[e.Key]
		switch {
		case decided && !Selects(Selector{MatchExpressions: []metav1.LabelSelectorRequirement{e}}, labels.Set{e.Key: value}):
			return Selector{}, false
		case decided || slices.ContainsFunc(out.MatchExpressions, func(have metav1.LabelSelectorRequirement) bool { return JSONKey(have) == JSONKey(e) }):
		default:
			out.MatchExpressions = append(out.MatchExpressions, e)
		}
	}
	return out, true
}

// Narrows reports whether b selects everything that a selects. It reports true only if all
// requirements of b are among those of a.
func Narrows(a, b Selector) bool {
	alone, ok := Intersect(a, Selector{})
	both, consistent := Intersect(a, b)
	return ok && consistent && len(both.MatchLabels) == len(alone.MatchLabels) && len(both.MatchExpressions) == len(alone.MatchExpressions)
}

// WithoutSources returns a selector without the label sources that Cilium policies may write before
// label keys.
func WithoutSources(s Selector) Selector {
	plain := func(key string) string {
		for _, source := range []string{"k8s:", "any:"} {
			if rest, ok := strings.CutPrefix(key, source); ok {
				return rest
			}
		}
		return key
	}
	out := Selector{MatchLabels: map[string]string{}}
	for key, value := range s.MatchLabels {
		out.MatchLabels[plain(key)] = value
	}
	for _, e := range s.MatchExpressions {
		e.Key = plain(e.Key)
		out.MatchExpressions = append(out.MatchExpressions, e)
	}
	return out
}

// JSONKey returns the same text for selectors that are written alike.
func JSONKey(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// SelectorOf returns the selector of a pointer in the API: nil selects all.
func SelectorOf(s *metav1.LabelSelector) Selector {
	if s == nil {
		return Selector{}
	}
	return *s
}

// ExampleLabels returns labels that a selector selects. Excluded labels are omitted.
func ExampleLabels(s Selector) map[string]string {
	out := map[string]string{}
	maps.Copy(out, s.MatchLabels)
	for _, r := range s.MatchExpressions {
		switch {
		case r.Operator == metav1.LabelSelectorOpIn && len(r.Values) > 0:
			out[r.Key] = r.Values[0]
		case r.Operator == metav1.LabelSelectorOpExists:
			out[r.Key] = ""
		}
	}
	return out
}

// FormatLabels is "app=web,tier=api", sorted by key.
func FormatLabels(labels map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, key+"="+labels[key])
	}
	return strings.Join(out, ",")
}

// Selector selects pods by their labels. The zero value selects all.
type Selector = metav1.LabelSelector
