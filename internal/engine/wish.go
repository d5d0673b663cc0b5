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

// wish is a pod that a selector makes one think of, wherever it may be.
type wish struct {
	labels  map[string]string
	account string
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
func (r requirement) fulfilled(value string, there bool) bool {
	switch r.operator {
	case slim.LabelSelectorOpIn:
		return there && slices.Contains(r.values, value)
	case slim.LabelSelectorOpNotIn:
		return !there || !slices.Contains(r.values, value)
	case slim.LabelSelectorOpExists:
		return there
	default:
		return !there
	}
}

// examples are values that fulfil the requirement; none where the label must not be
// there, or need not be.
func (r requirement) examples() []string {
	switch r.operator {
	case slim.LabelSelectorOpIn:
		return r.values
	case slim.LabelSelectorOpExists:
		return []string{"any"}
	default:
		return nil
	}
}

// exceptions are values that do not.
func (r requirement) exceptions() []string {
	switch r.operator {
	case slim.LabelSelectorOpNotIn:
		return append(slices.Clone(r.values), "other")
	case slim.LabelSelectorOpDoesNotExist:
		return []string{"other"}
	default:
		return nil
	}
}

// in says whether the pod may be in a namespace.
func (w wish) in(namespace string, labels map[string]string) bool {
	return !slices.ContainsFunc(w.of, func(r requirement) bool {
		value, there := labels[r.key]
		if r.key == "" {
			value, there = namespace, true
		}
		return !r.fulfilled(value, there)
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
		out = append(out, "with "+spelled(w.labels))
	}
	if w.account != "" {
		out = append(out, "of the account "+w.account)
	}
	if len(out) == 0 {
		return "a pod without labels"
	}
	return "a pod " + strings.Join(out, " ")
}

func spelled(labels map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, k+"="+labels[k])
	}
	return strings.Join(out, ",")
}

// wishesOf are the pods that a selector makes one think of: those that it selects, one
// for each value that a label may have, and one for each thing that it excludes.
func wishesOf(s *types.LabelSelector) ([]wish, error) {
	all, err := requirementsOf(s)
	if err != nil {
		return nil, err
	}
	first := wish{labels: map[string]string{}}
	var others []func(*wish)
	for _, r := range all {
		l := labels.ParseSelectLabel(r.key)
		if l.Source != labels.LabelSourceAny && l.Source != labels.LabelSourceK8s {
			// No pod has such a label.
			return nil, nil
		}
		if of, ok := ofNamespace(l.Key); ok {
			first.of = append(first.of, requirement{of, r.operator, r.values})
		} else if l.Key != k8sconst.PolicyLabelCluster {
			// Every pod here is of this cluster.
			others = append(others, first.want(l.Key, r)...)
		}
	}
	out := []wish{first}
	for _, change := range others {
		other := wish{labels: maps.Clone(first.labels), account: first.account, of: first.of}
		change(&other)
		out = append(out, other)
	}
	return out, nil
}

// ofNamespace is the label of a pod's namespace that a key is about, no name for the
// namespace's own.
func ofNamespace(key string) (string, bool) {
	if key == k8sconst.PodNamespaceLabel {
		return "", true
	}
	return strings.CutPrefix(key, k8sconst.PodNamespaceMetaLabelsPrefix)
}

// want makes the pod one that fulfils a requirement, and returns what makes it another:
// one with another value that does, or one that does not.
func (w *wish) want(key string, r requirement) []func(*wish) {
	set := func(value string) func(*wish) {
		return func(w *wish) {
			if key == k8sconst.PolicyLabelServiceAccount {
				w.account = value
			} else {
				w.labels[key] = value
			}
		}
	}
	examples := r.examples()
	if len(examples) > 0 {
		set(examples[0])(w)
		examples = examples[1:]
	}
	var others []func(*wish)
	for _, value := range slices.Concat(examples, r.exceptions()) {
		others = append(others, set(value))
	}
	return others
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
