package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	slim "github.com/cilium/cilium/pkg/k8s/slim/k8s/apis/meta/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/policy/types"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// wish is a pod that a selector makes one think of, wherever it may be.
type wish struct {
	labels           map[string]string
	account, cluster string
	// of are the requirements on its namespace, whose name is the label of no name.
	of []requirement
}

// requirement is one that a label must fulfil.
type requirement struct {
	key      string
	operator slim.LabelSelectorOperator
	values   []string
}

// fulfilled says whether a label, where it is there, fulfils the requirement.
func (r requirement) fulfilled(v value) bool {
	switch r.operator {
	case slim.LabelSelectorOpIn:
		return v.there && slices.Contains(r.values, v.text)
	case slim.LabelSelectorOpNotIn:
		return !v.there || !slices.Contains(r.values, v.text)
	case slim.LabelSelectorOpExists:
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

// valuesOf are what requirements on one label make one think of: those that fulfil all of
// them, of which it returns how many there are, and those that are excluded by name. A
// fresh one stands for all that none of them names.
func valuesOf(all []requirement, fresh string) (values []value, good int) {
	var fine, excluded []value
	try := func(v value, named bool) {
		bad := slices.ContainsFunc(all, func(r requirement) bool { return !r.fulfilled(v) })
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
		for _, text := range r.values {
			try(value{text, true}, r.operator == slim.LabelSelectorOpNotIn)
		}
		try(value{fresh, true}, r.operator == slim.LabelSelectorOpDoesNotExist)
	}
	return append(fine, excluded...), len(fine)
}

// in says whether the pod may be in a namespace.
func (w wish) in(namespace string, labels map[string]string) bool {
	return !slices.ContainsFunc(w.of, func(r requirement) bool {
		text, there := labels[r.key]
		if r.key == "" {
			text, there = namespace, true
		}
		return !r.fulfilled(value{text, there})
	})
}

// named are the namespaces that the requirements name.
func (w wish) named() []string {
	for _, r := range w.of {
		if r.key == "" && r.operator == slim.LabelSelectorOpIn {
			return r.values
		}
	}
	return nil
}

func (w wish) String() string {
	var out []string
	if len(w.labels) > 0 {
		out = append(out, "with "+policy.Spelled(w.labels))
	}
	if w.account != "" {
		out = append(out, "of the account "+w.account)
	}
	if w.cluster != "" {
		out = append(out, "of the cluster "+w.cluster)
	}
	if len(out) == 0 {
		return "a pod without labels"
	}
	return "a pod " + strings.Join(out, " ")
}

// wishesOf are the pods that a selector makes one think of: those that it selects, one
// for each value that a label may have, and one for each thing that it excludes.
func (e *Engine) wishesOf(s *types.LabelSelector) ([]wish, error) {
	all, err := requirementsOf(s)
	if err != nil {
		return nil, err
	}
	first := wish{labels: map[string]string{}}
	byKey := map[string][]requirement{}
	for _, r := range all {
		l := labels.ParseSelectLabel(r.key)
		if l.Source != labels.LabelSourceAny && l.Source != labels.LabelSourceK8s {
			// No pod has such a label.
			return nil, nil
		}
		if of, ok := ofNamespace(l.Key); ok {
			first.of = append(first.of, requirement{of, r.operator, r.values})
		} else {
			byKey[l.Key] = append(byKey[l.Key], requirement{l.Key, r.operator, r.values})
		}
	}
	var others []func(*wish)
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		values, good := valuesOf(byKey[key], e.fresh)
		if good == 0 {
			// It contradicts itself, and selects nothing.
			return nil, nil
		}
		e.set(&first, key, values[0])
		for _, v := range values[1:] {
			others = append(others, func(w *wish) { e.set(w, key, v) })
		}
	}
	out := []wish{first}
	for _, change := range others {
		other := wish{labels: maps.Clone(first.labels), account: first.account, cluster: first.cluster, of: first.of}
		change(&other)
		out = append(out, other)
	}
	return out, nil
}

// ofNamespace is the label of a pod's namespace that a key is about, no name for the
// namespace's own.
func ofNamespace(key string) (string, bool) {
	if key == k8sconst.PodNamespaceLabel || key == k8sconst.PodNamespaceMetaLabelsPrefix+corev1.LabelMetadataName {
		return "", true
	}
	return strings.CutPrefix(key, k8sconst.PodNamespaceMetaLabelsPrefix)
}

// set gives the pod a label, or takes it away. Every pod has an account and a cluster.
func (e *Engine) set(w *wish, key string, v value) {
	switch {
	case key == k8sconst.PolicyLabelServiceAccount:
		w.account = v.text
	case key == k8sconst.PolicyLabelCluster:
		if w.cluster = v.text; v.text == e.cluster {
			w.cluster = ""
		}
	case v.there:
		w.labels[key] = v.text
	default:
		delete(w.labels, key)
	}
}

// freshValue is one that no selector names.
func (e *Engine) freshValue() string {
	fresh := "other"
	for slices.ContainsFunc(e.selectors, func(s *types.LabelSelector) bool { return strings.Contains(s.Key(), fresh) }) {
		fresh += "-other"
	}
	return fresh
}

// requirementsOf are a selector's, in a stable order.
func requirementsOf(s *types.LabelSelector) ([]requirement, error) {
	data, err := s.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("read selector %s: %w", s, err)
	}
	var read slim.LabelSelector
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, fmt.Errorf("read selector %s: %w", s, err)
	}
	var out []requirement
	for _, key := range slices.Sorted(maps.Keys(read.MatchLabels)) {
		out = append(out, requirement{key, slim.LabelSelectorOpIn, []string{read.MatchLabels[key]}})
	}
	for _, e := range read.MatchExpressions {
		out = append(out, requirement{e.Key, e.Operator, e.Values})
	}
	return out, nil
}
