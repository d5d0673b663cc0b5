package reach

import (
	"maps"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// tally counts what was inspected: namespaces by their pods, and nodes.
type tally struct {
	namespaces, nodes map[string]inspected
}

// inspected is what is known of a namespace or node: whether any of it is in Audit, or in
// Audit where nothing is generated, and whether anything undeclared is allowed there.
type inspected struct {
	audit, ungenerated, open bool
}

func (t *tally) inspect(v view) { t.merge(v, inspected{audit: v.owner.audited()}) }

func (t *tally) open(v view) { t.merge(v, inspected{open: true}) }

func (t *tally) merge(v view, more inspected) {
	if v.subject.Kind == policy.NodeEndpoint {
		put(&t.nodes, v.subject.Name, more)
	} else {
		put(&t.namespaces, v.subject.Namespace, more)
	}
}

// leaveOut counts the tenants and nodes of a fence for which nothing is generated, and
// which are not inspected therefore.
func (t *tally) leaveOut(f *policy.Fence) {
	for _, tenant := range f.Tenants {
		for _, ns := range tenant.Namespaces {
			if !f.Generated(tenant.Enforcement) {
				put(&t.namespaces, ns, inspected{ungenerated: true})
			}
		}
	}
	for _, n := range f.Nodes {
		if !f.Generated(n.Enforcement) {
			put(&t.nodes, "nodes "+n.Name, inspected{ungenerated: true})
		}
	}
}

func put(all *map[string]inspected, name string, more inspected) {
	if *all == nil {
		*all = map[string]inspected{}
	}
	have := (*all)[name]
	(*all)[name] = inspected{have.audit || more.audit, have.ungenerated || more.ungenerated, have.open || more.open}
}

func (t *tally) count() (namespaces, nodes policy.Isolated) {
	return isolated(t.namespaces), isolated(t.nodes)
}

func isolated(all map[string]inspected) policy.Isolated {
	var out policy.Isolated
	for i := range maps.Values(all) {
		switch {
		case i.ungenerated:
			out.Ungenerated++
		case i.audit && i.open:
			out.AuditOpen++
		case i.audit:
			out.Audit++
		case i.open:
			out.Open++
		default:
			out.Proved++
		}
	}
	return out
}
