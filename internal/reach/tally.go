package reach

import (
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// tally counts what was inspected: namespaces by their pods, and nodes.
type tally struct {
	namespaces, nodes map[string]Inspected
}

// Inspected records for a namespace or node whether a part of it is in AllowOnly, whether that part
// has no generated policies, and whether undeclared access is allowed.
type Inspected struct {
	AllowOnly, NotGenerated, Open bool `json:",omitempty"`
	// Selected are the pods that are fenced, if others of the namespace are not.
	Selected []string `json:",omitempty"`
}

func (t *tally) inspect(v view) {
	more := Inspected{AllowOnly: isAllowOnly(v.owner)}
	if of := v.owner; of != nil && of.SharesNamespaces() {
		more.Selected = []string{endpoints.FormatLabels(of.Selector.MatchLabels)}
	}
	t.merge(v, more)
}

func (t *tally) open(v view) { t.merge(v, Inspected{Open: true}) }

func (t *tally) merge(v view, more Inspected) {
	if v.subject.Kind == endpoints.NodeEndpoint {
		put(&t.nodes, v.subject.Name, more)
	} else {
		put(&t.namespaces, v.subject.Namespace, more)
	}
}

// add adds the namespaces of a part that is known.
func (t *tally) add(p Part) {
	for ns, found := range p.Namespaces {
		put(&t.namespaces, ns, found)
	}
}

// openNamespace counts a namespace that was inspected as one where more may be allowed than was found.
func (t *tally) openNamespace(namespace string) {
	if _, known := t.namespaces[namespace]; known {
		put(&t.namespaces, namespace, Inspected{Open: true})
	}
}

// addNotGenerated counts the tenants and nodes without generated policies, which therefore are not
// inspected.
func (t *tally) addNotGenerated(f *policy.Fence, slice report.Slice) {
	for _, tenant := range f.Tenants() {
		for _, ns := range tenant.Namespaces {
			if slice.Includes(tenant.Name) && !f.GeneratesPolicies(tenant.Enforcement) {
				put(&t.namespaces, ns, Inspected{NotGenerated: true})
			}
		}
	}
	for _, n := range f.Nodes() {
		if slice.Includes("") && !f.GeneratesPolicies(n.Enforcement) {
			put(&t.nodes, n.String(), Inspected{NotGenerated: true})
		}
	}
}

func put(all *map[string]Inspected, name string, more Inspected) {
	if *all == nil {
		*all = map[string]Inspected{}
	}
	have := (*all)[name]
	selected := slices.Compact(slices.Sorted(slices.Values(slices.Concat(have.Selected, more.Selected))))
	(*all)[name] = Inspected{have.AllowOnly || more.AllowOnly, have.NotGenerated || more.NotGenerated, have.Open || more.Open, selected}
}

func (t *tally) count() (namespaces, nodes report.IsolationCounts) {
	return isolated(t.namespaces), isolated(t.nodes)
}

func isolated(all map[string]Inspected) report.IsolationCounts {
	var out report.IsolationCounts
	for i := range maps.Values(all) {
		out.Selected = append(out.Selected, i.Selected...)
		inPart := len(i.Selected) > 0
		switch {
		case i.NotGenerated:
			out.Ungenerated++
		case i.AllowOnly && i.Open:
			out.AllowOnlyOpen++
		case i.AllowOnly && inPart:
			out.AllowOnlyInPart++
		case i.AllowOnly:
			out.AllowOnly++
		case i.Open:
			out.Open++
		case inPart:
			out.InPart++
		default:
			out.Proved++
		}
	}
	out.Selected = slices.Compact(slices.Sorted(slices.Values(out.Selected)))
	return out
}
