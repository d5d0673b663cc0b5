package endpoints

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Selection is what a selector of a policy requires of pods, in any namespace.
type Selection struct {
	Requirements []Requirement
	// Ports are the ports that policies name at the selected pods. The pods define the numbers.
	Ports []NamedPort
	// Policy is the name, as in Side, of the policy with the selector. It is the alphabetically
	// first one if several have it. Omitted: no policy has it.
	Policy string
}

// Requirement is a requirement on a single trait.
type Requirement struct {
	Trait Trait
	metav1.LabelSelectorRequirement
}

// Trait is a property of a pod that selectors require. Labels have a key as well.
type Trait string

// The traits. Every pod has a service account and a cluster. Empty values are the default account
// and this cluster. PodPorts has the named ports of a pod as PortsLabel writes them.
const (
	PodLabel       Trait = "label"
	NamespaceLabel Trait = "label of the namespace"
	PodAccount     Trait = "account"
	PodCluster     Trait = "cluster"
	PodPorts       Trait = "named ports"
)

// RequirementsOf returns the requirements of a selector, in a stable order.
func RequirementsOf(s Selector, trait Trait) []Requirement {
	var out []Requirement
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		out = append(out, Requirement{trait, metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpIn, Values: []string{s.MatchLabels[key]}}})
	}
	for _, r := range s.MatchExpressions {
		out = append(out, Requirement{trait, r})
	}
	return out
}

// InNamespace requires a namespace by name.
func InNamespace(name string) []Requirement {
	return RequirementsOf(Selector{MatchLabels: map[string]string{corev1.LabelMetadataName: name}}, NamespaceLabel)
}

// split returns the requirements on namespaces, and those on pods.
func (s Selection) split() (ofNamespace, ofPod []Requirement) {
	for _, r := range s.Requirements {
		if r.Trait == NamespaceLabel {
			ofNamespace = append(ofNamespace, r)
		} else {
			ofPod = append(ofPod, r)
		}
	}
	return ofNamespace, ofPod
}

// requires reports whether a requirement is on a trait.
func (s Selection) requires(trait Trait) bool {
	return slices.ContainsFunc(s.Requirements, func(r Requirement) bool { return r.Trait == trait })
}

// satisfiedBy reports whether a value meets a requirement.
func (r Requirement) satisfiedBy(v value) bool {
	switch r.Operator {
	case metav1.LabelSelectorOpIn:
		return v.exists && slices.Contains(r.Values, v.text)
	case metav1.LabelSelectorOpNotIn:
		return !v.exists || !slices.Contains(r.Values, v.text)
	case metav1.LabelSelectorOpExists:
		return v.exists
	default:
		return !v.exists
	}
}

// value is the value of a label, or reports that the label is missing.
type value struct {
	text   string
	exists bool
}

// values returns the values that requirements on one trait distinguish: those that meet all of
// them, and those that they exclude by name, one of each class. The fresh value represents all
// values that no requirement names. Only the first matching value may be "missing".
func (c classes) values(at traitKey, all []Requirement, fresh string) (matching, excluded []value) {
	seen := map[value]bool{}
	addValue := func(v value, named bool) {
		if v.exists {
			v.text = c.first(at, v.text)
		}
		if seen[v] {
			return
		}
		bad := slices.ContainsFunc(all, func(r Requirement) bool { return !r.satisfiedBy(v) })
		switch {
		case !bad:
			matching = append(matching, v)
		case named:
			excluded = append(excluded, v)
		}
		seen[v] = !bad || named
	}
	addValue(value{}, false)
	for _, r := range all {
		for _, text := range r.Values {
			addValue(value{text, true}, r.Operator == metav1.LabelSelectorOpNotIn)
		}
		addValue(value{fresh, true}, r.Operator == metav1.LabelSelectorOpDoesNotExist)
	}
	return matching, excluded
}

// traitKey is a trait or, for labels, the label of one key.
type traitKey struct {
	trait Trait
	key   string
}

// choices are the combinations that requirements distinguish, before expansion: the values that
// meet all of them and, for each trait, the other values.
type choices struct {
	first  map[traitKey]string
	sorted []traitKey
	others map[traitKey][]value
}

// choices reports false if the requirements contradict each other.
func (c classes) choices(all []Requirement, fresh string) (choices, bool) {
	at := map[traitKey][]Requirement{}
	for _, r := range all {
		s := traitKey{r.Trait, r.Key}
		at[s] = append(at[s], r)
	}
	out := choices{first: map[traitKey]string{}, others: map[traitKey][]value{}}
	out.sorted = slices.SortedFunc(maps.Keys(at), func(a, b traitKey) int { return cmp.Or(cmp.Compare(a.trait, b.trait), cmp.Compare(a.key, b.key)) })
	for _, s := range out.sorted {
		matching, excluded := c.values(s, at[s], fresh)
		if len(matching) == 0 {
			return choices{}, false
		}
		if matching[0].exists {
			out.first[s] = matching[0].text
		}
		out.others[s] = slices.Concat(matching[1:], excluded)
	}
	return out, true
}

// count is the number of cases.
func (c choices) count() int {
	n := 1
	for _, others := range c.others {
		n += len(others)
	}
	return n
}

// cases returns the combination that meets all requirements, the same with each other matching
// value, and the same with each excluded value.
func (c choices) cases() []map[traitKey]string {
	out := []map[traitKey]string{c.first}
	for _, s := range c.sorted {
		for _, v := range c.others[s] {
			other := maps.Clone(c.first)
			other[s] = v.text
			out = append(out, other)
		}
	}
	return out
}

// labelsOf returns the labels of a case.
func labelsOf(c map[traitKey]string) map[string]string {
	out := map[string]string{}
	for s, text := range c {
		if s.trait == PodLabel || s.trait == NamespaceLabel {
			out[s.key] = text
		}
	}
	return out
}

// freshValue returns a value that no selector names.
func freshValue(selections [][]Selection) string {
	named := map[string]bool{}
	for _, all := range selections {
		for _, s := range all {
			for _, r := range s.Requirements {
				for _, v := range r.Values {
					named[v] = true
				}
			}
		}
	}
	fresh := "other"
	for named[fresh] {
		fresh += "-other"
	}
	return fresh
}
