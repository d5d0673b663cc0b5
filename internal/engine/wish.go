package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"
)

// wish is a pod that a selector would select, wherever it may be.
type wish struct {
	// namespaces that it may be in; none means any but those in notIn.
	namespaces, notIn []string
	namespaceLabels   map[string]string
	labels            map[string]string
	account           string
	// strange says that no pod of this cluster can be what is wished for.
	strange bool
}

func (w wish) in(namespace string) bool {
	if len(w.namespaces) > 0 {
		return slices.Contains(w.namespaces, namespace)
	}
	return !slices.Contains(w.notIn, namespace)
}

func (w wish) String() string {
	if len(w.labels) == 0 {
		return "a pod without labels"
	}
	return "a pod with " + spelled(w.labels)
}

func spelled(labels map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, k+"="+labels[k])
	}
	return strings.Join(out, ",")
}

// wishesOf are the pods that a selector makes one think of: one that it selects and, for
// each thing that it excludes, one that has it.
func wishesOf(s *types.LabelSelector) ([]wish, error) {
	data, err := s.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("read selector %s: %w", s, err)
	}
	var read slim.LabelSelector
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, fmt.Errorf("read selector %s: %w", s, err)
	}
	first := wish{labels: map[string]string{}, namespaceLabels: map[string]string{}}
	for _, key := range slices.Sorted(maps.Keys(read.MatchLabels)) {
		first.want(key, []string{read.MatchLabels[key]})
	}
	var excluded []slim.LabelSelectorRequirement
	for _, e := range read.MatchExpressions {
		switch e.Operator {
		case slim.LabelSelectorOpIn:
			first.want(e.Key, e.Values)
		case slim.LabelSelectorOpExists:
			if labels.ParseSelectLabel(e.Key).Key != k8sconst.PodNamespaceLabel {
				first.want(e.Key, []string{"any"})
			}
		default:
			excluded = append(excluded, e)
		}
	}
	out := []wish{first}
	for _, e := range excluded {
		if l := labels.ParseSelectLabel(e.Key); l.Key == k8sconst.PodNamespaceLabel {
			out[0].notIn = append(out[0].notIn, e.Values...)
			continue
		}
		for _, value := range append(slices.Clone(e.Values), "other") {
			other := first.clone()
			other.want(e.Key, []string{value})
			out = append(out, other)
		}
	}
	return slices.DeleteFunc(out, func(w wish) bool { return w.strange }), nil
}

// want adds that a label has one of some values.
func (w *wish) want(key string, values []string) {
	l := labels.ParseSelectLabel(key)
	switch {
	case l.Source != labels.LabelSourceAny && l.Source != labels.LabelSourceK8s || len(values) == 0:
		w.strange = true
	case l.Key == k8sconst.PodNamespaceLabel:
		w.namespaces = values
	case l.Key == k8sconst.PolicyLabelCluster:
		// Every pod here is of this cluster.
	case l.Key == k8sconst.PolicyLabelServiceAccount:
		w.account = values[0]
	case strings.HasPrefix(l.Key, k8sconst.PodNamespaceMetaLabelsPrefix):
		w.namespaceLabels[strings.TrimPrefix(l.Key, k8sconst.PodNamespaceMetaLabelsPrefix)] = values[0]
	default:
		w.labels[l.Key] = values[0]
	}
}

func (w wish) clone() wish {
	w.labels, w.namespaceLabels = maps.Clone(w.labels), maps.Clone(w.namespaceLabels)
	return w
}
