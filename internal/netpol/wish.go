package netpol

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// wishes are the labels that a selector makes one think of: some that it selects, each
// value that it takes and, for each thing that it excludes, some that have it.
func wishes(s *metav1.LabelSelector) []map[string]string {
	first := map[string]string{}
	maps.Copy(first, s.MatchLabels)
	var others []metav1.LabelSelectorRequirement
	for _, r := range s.MatchExpressions {
		switch _, settled := first[r.Key]; {
		case settled:
			others = append(others, r)
		case r.Operator == metav1.LabelSelectorOpIn:
			first[r.Key] = r.Values[0]
			others = append(others, r)
		case r.Operator == metav1.LabelSelectorOpExists:
			first[r.Key] = "any"
		default:
			others = append(others, r)
		}
	}
	out := []map[string]string{first}
	for _, r := range others {
		values := slices.Clone(r.Values)
		if r.Operator == metav1.LabelSelectorOpNotIn || r.Operator == metav1.LabelSelectorOpDoesNotExist {
			values = append(values, "other")
		}
		for _, value := range values {
			other := maps.Clone(first)
			other[r.Key] = value
			out = append(out, other)
		}
	}
	return out
}

// unknown stands for a namespace that nobody has made yet: it is no name that Kubernetes
// would take.
const unknown = "?"

// place is a namespace that a pod may be in.
type place struct {
	namespace string
	labels    map[string]string
}

func (p place) String() string {
	switch {
	case p.namespace != unknown:
		return p.namespace
	case len(p.labels) > 0:
		return "an unknown namespace with " + policy.Spelled(p.labels)
	default:
		return "an unknown namespace"
	}
}

// placesOf are the namespaces that are there and that a peer selects, those that it names,
// and one that is not there yet for each of the labels that it makes one think of.
func (i *imagination) placesOf(p *peer) []place {
	if p.namespaces == nil {
		return []place{i.place(p.namespace)}
	}
	var out []place
	for _, ns := range slices.Sorted(maps.Keys(i.namespaces)) {
		if p.namespaces.Matches(namespaceLabels(ns, i.namespaces[ns])) {
			out = append(out, place{ns, i.namespaces[ns]})
		}
	}
	for _, lbls := range wishes(p.written.NamespaceSelector) {
		name, named := lbls[corev1.LabelMetadataName]
		switch _, there := i.namespaces[name]; {
		case !named:
			out = append(out, place{unknown, lbls})
		case !there:
			delete(lbls, corev1.LabelMetadataName)
			out = append(out, place{name, lbls})
		}
	}
	return out
}

func (i *imagination) place(namespace string) place { return place{namespace, i.namespaces[namespace]} }
