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
	namespaces, nodes map[string]inspected
}

// inspected records for a namespace or node whether a part of it is in AllowOnly, whether that part
// has no generated policies, and whether undeclared access is allowed.
type inspected struct {
	allowOnly, notGenerated, open bool
	// selected are the pods that are fenced, if others of the namespace are not.
	selected []string
}

func (t *tally) inspect(v view) {
	more := inspected{allowOnly: isAllowOnly(v.owner)}
	if of := v.owner; of != nil && of.SharesNamespaces() {
		more.selected = []string{endpoints.FormatLabels(of.Selector.MatchLabels)}
	}
	t.merge(v, more)
}

func (t *tally) open(v view) { t.merge(v, inspected{open: true}) }

func (t *tally) merge(v view, more inspected) {
	if v.subject.Kind == endpoints.NodeEndpoint {
		put(&t.nodes, v.subject.Name, more)
	} else {
		put(&t.namespaces, v.subject.Namespace, more)
	}
}

// openNamespace counts a namespace that was inspected as one where more may be allowed than was found.
func (t *tally) openNamespace(namespace string) {
	if _, known := t.namespaces[namespace]; known {
		put(&t.namespaces, namespace, inspected{open: true})
	}
}

// addNotGenerated counts the tenants and nodes without generated policies, which therefore are not
// inspected.
func (t *tally) addNotGenerated(f *policy.Fence, slice report.Slice) {
	for _, tenant := range f.Tenants() {
		for _, ns := range tenant.Namespaces {
			if slice.Includes(tenant.Name) && !f.GeneratesPolicies(tenant.Enforcement) {
				put(&t.namespaces, ns, inspected{notGenerated: true})
			}
		}
	}
	for _, n := range f.Nodes() {
		if slice.Includes("") && !f.GeneratesPolicies(n.Enforcement) {
			put(&t.nodes, n.String(), inspected{notGenerated: true})
		}
	}
}

func put(all *map[string]inspected, name string, more inspected) {
	if *all == nil {
		*all = map[string]inspected{}
	}
	have := (*all)[name]
	selected := slices.Compact(slices.Sorted(slices.Values(slices.Concat(have.selected, more.selected))))
	(*all)[name] = inspected{have.allowOnly || more.allowOnly, have.notGenerated || more.notGenerated, have.open || more.open, selected}
}

func (t *tally) count() (namespaces, nodes report.IsolationCounts) {
	return isolated(t.namespaces), isolated(t.nodes)
}

func isolated(all map[string]inspected) report.IsolationCounts {
	var out report.IsolationCounts
	for i := range maps.Values(all) {
		out.Selected = append(out.Selected, i.selected...)
		inPart := len(i.selected) > 0
		switch {
		case i.notGenerated:
			out.Ungenerated++
		case i.allowOnly && i.open:
			out.AllowOnlyOpen++
		case i.allowOnly && inPart:
			out.AllowOnlyInPart++
		case i.allowOnly:
			out.AllowOnly++
		case i.open:
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
