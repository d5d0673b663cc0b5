package flow

import (
	"cmp"
	"slices"
	"strings"
)

// PolicyID identifies a policy. Policies of different kinds may have one name.
type PolicyID struct {
	Kind string
	// Namespace is "" for a cluster-wide policy.
	Namespace, Name string
}

// String is the name of the policy: "namespace/name" or, for a cluster-wide policy, "name".
func (p PolicyID) String() string {
	if p.Namespace == "" {
		return p.Name
	}
	return p.Namespace + "/" + p.Name
}

// Compare orders policies by name, and those of one name by kind.
func (p PolicyID) Compare(o PolicyID) int {
	return cmp.Or(cmp.Compare(p.String(), o.String()), cmp.Compare(p.Kind, o.Kind))
}

// Policies are policies that decide together.
type Policies []PolicyID

// Sorted returns each policy once, in order.
func (p Policies) Sorted() Policies {
	return slices.Compact(slices.SortedFunc(slices.Values(p), PolicyID.Compare))
}

// Compare orders lists of policies.
func (p Policies) Compare(o Policies) int { return slices.CompareFunc(p, o, PolicyID.Compare) }

// Names returns each name once, in the order of the policies.
func (p Policies) Names() []string {
	var out []string
	for _, one := range p {
		if name := one.String(); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// String is "acme/dns, acme/web".
func (p Policies) String() string { return strings.Join(p.Names(), ", ") }
