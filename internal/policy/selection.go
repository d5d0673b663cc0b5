package policy

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Selection is what a selector of some policy requires of pods, wherever they are.
type Selection struct {
	Requirements []Requirement
	// Ports are those that policies name at the pods that it selects. Their numbers are
	// the pods' own.
	Ports []NamedPort
}

// Requirement is one on a single trait.
type Requirement struct {
	Of Trait
	metav1.LabelSelectorRequirement
}

// Trait is what is required of a pod: labels have a key as well.
type Trait string

// The traits. Every pod has an account and a cluster: empty ones are the default account,
// and this cluster.
const (
	PodLabel       Trait = "label"
	NamespaceLabel Trait = "label of the namespace"
	PodAccount     Trait = "account"
	PodCluster     Trait = "cluster"
)

// RequirementsOf are a selector's, in a stable order.
func RequirementsOf(s Selector, of Trait) []Requirement {
	var out []Requirement
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		out = append(out, Requirement{of, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{s.MatchLabels[key]}}})
	}
	for _, r := range s.MatchExpressions {
		out = append(out, Requirement{of, r})
	}
	return out
}

// InNamespace requires a namespace.
func InNamespace(name string) []Requirement {
	return RequirementsOf(Selector{MatchLabels: map[string]string{corev1.LabelMetadataName: name}}, NamespaceLabel)
}

// split are the requirements on namespaces, and those on pods.
func (s Selection) split() (ofNamespace, ofPod []Requirement) {
	for _, r := range s.Requirements {
		if r.Of == NamespaceLabel {
			ofNamespace = append(ofNamespace, r)
		} else {
			ofPod = append(ofPod, r)
		}
	}
	return ofNamespace, ofPod
}

// fulfilled says whether a value fulfils a requirement.
func (r Requirement) fulfilled(v value) bool {
	switch r.Operator {
	case metav1.LabelSelectorOpIn:
		return v.there && slices.Contains(r.Values, v.text)
	case metav1.LabelSelectorOpNotIn:
		return !v.there || !slices.Contains(r.Values, v.text)
	case metav1.LabelSelectorOpExists:
		return v.there
	default:
		return !v.there
	}
}

// value is that of a label, or that it is not there.
type value struct {
	text  string
	there bool
}

// values are what requirements on one trait make one think of: those that fulfil all of
// them, and those that are excluded by name. A fresh one stands for all that none of them
// names. Only the first of those that are fine may be that nothing is there.
func values(all []Requirement, fresh string) (fine, excluded []value) {
	try := func(v value, named bool) {
		bad := slices.ContainsFunc(all, func(r Requirement) bool { return !r.fulfilled(v) })
		switch {
		case slices.Contains(fine, v) || slices.Contains(excluded, v):
		case !bad:
			fine = append(fine, v)
		case named:
			excluded = append(excluded, v)
		}
	}
	try(value{}, false)
	for _, r := range all {
		for _, text := range r.Values {
			try(value{text, true}, r.Operator == metav1.LabelSelectorOpNotIn)
		}
		try(value{fresh, true}, r.Operator == metav1.LabelSelectorOpDoesNotExist)
	}
	return fine, excluded
}

// spot is a trait, of labels one of them.
type spot struct {
	of  Trait
	key string
}

// cases are what requirements make one think of: what fulfils them all, the same with each
// other value that does, and with each thing that they exclude. What contradicts itself
// makes one think of nothing.
func cases(all []Requirement, fresh string) []map[spot]string {
	at := map[spot][]Requirement{}
	for _, r := range all {
		s := spot{r.Of, r.Key}
		at[s] = append(at[s], r)
	}
	first := map[spot]string{}
	others := map[spot][]value{}
	sorted := slices.SortedFunc(maps.Keys(at), func(a, b spot) int { return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.key, b.key)) })
	for _, s := range sorted {
		fine, excluded := values(at[s], fresh)
		if len(fine) == 0 {
			return nil
		}
		if fine[0].there {
			first[s] = fine[0].text
		}
		others[s] = append(fine[1:], excluded...)
	}
	out := []map[spot]string{first}
	for _, s := range sorted {
		for _, v := range others[s] {
			other := maps.Clone(first)
			other[s] = v.text
			out = append(out, other)
		}
	}
	return out
}

// labelsOf are those of a case.
func labelsOf(c map[spot]string) map[string]string {
	out := map[string]string{}
	for s, text := range c {
		if s.of == PodLabel || s.of == NamespaceLabel {
			out[s.key] = text
		}
	}
	return out
}

// freshValue is one that no selector names.
func freshValue(all []Selection) string {
	fresh := "other"
	for slices.ContainsFunc(all, func(s Selection) bool {
		return slices.ContainsFunc(s.Requirements, func(r Requirement) bool { return slices.Contains(r.Values, fresh) })
	}) {
		fresh += "-other"
	}
	return fresh
}
