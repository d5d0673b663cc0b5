package endpoints

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// candidateNamespace is a namespace where a pod may run.
type candidateNamespace struct {
	namespace string
	labels    map[string]string
}

// UnknownNamespace represents a namespace that does not exist yet. Kubernetes rejects this name.
const UnknownNamespace = "?"

// candidateNamespaces returns the namespaces that meet requirements: existing ones, named ones, and
// one future namespace for each combination of labels.
func (i *representativeBuilder) candidateNamespaces(all []Requirement) []candidateNamespace {
	var out []candidateNamespace
	add := func(ns string, of map[string]string) {
		if MeetsAll(all, ns, of) {
			out = append(out, candidateNamespace{ns, of})
		}
	}
	for _, ns := range i.existingNamespaces(all) {
		add(ns, i.namespaces[ns])
	}
	names, chosen, ok := i.missingNamespaces(all)
	if !ok {
		return out
	}
	for _, ns := range names {
		for _, c := range chosen.cases() {
			add(ns, labelsOf(c))
		}
	}
	return out
}

// MeetsAll reports whether a namespace meets requirements on its labels. Its name is one of them.
func MeetsAll(all []Requirement, namespace string, labels map[string]string) bool {
	return !slices.ContainsFunc(all, func(r Requirement) bool {
		text, existing := labels[r.Key]
		if r.Key == corev1.LabelMetadataName {
			text, existing = namespace, true
		}
		return !r.satisfiedBy(value{text, existing})
	})
}

// existingNamespaces returns the existing namespaces that requirements name, or all if none names any.
func (i *representativeBuilder) existingNamespaces(all []Requirement) []string {
	at := slices.IndexFunc(all, func(r Requirement) bool {
		return r.Key == corev1.LabelMetadataName && r.Operator == metav1.LabelSelectorOpIn
	})
	if at < 0 {
		return i.order
	}
	return slices.DeleteFunc(SortedUnique(all[at].Values), func(ns string) bool { _, known := i.namespaces[ns]; return !known })
}

// missingNamespaces returns the missing namespaces that requirements name, one that no requirement
// names, and the labels that each may have. It reports false if none is possible.
func (i *representativeBuilder) missingNamespaces(all []Requirement) ([]string, choices, bool) {
	names := []string{UnknownNamespace}
	var others []Requirement
	for _, r := range all {
		if r.Key == corev1.LabelMetadataName {
			names = append(names, r.Values...)
		} else {
			others = append(others, r)
		}
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(ns string) bool { _, known := i.namespaces[ns]; return known || i.elsewhere[ns] })
	chosen, ok := i.of.choices(others, i.fresh)
	return names, chosen, ok
}
