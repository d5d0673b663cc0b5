package flowtest

import (
	"fmt"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Oracle decides flows with the enforcer's own lookup, and without the rows of a table.
type Oracle struct {
	view *flow.View
	by   lookups
	// known are the lookups of endpoints that were asked about.
	known map[endpoints.ID]lookup
}

// lookups returns the lookup of an endpoint.
type lookups interface {
	Lookup(endpoints.ID) (func(flow.Direction, flow.Case, flow.PortRange) flow.Decision, error)
}

type lookup = func(flow.Direction, flow.Case, flow.PortRange) flow.Decision

// NewOracle returns the oracle of a view, and reports whether its engine has one.
func NewOracle(view *flow.View) (*Oracle, bool) {
	by, ok := view.Table().(lookups)
	return &Oracle{view, by, map[endpoints.ID]lookup{}}, ok
}

// Decide returns the decision about all cases of a peer on one side, or "" without one. The enforcer allows a
// pod's own node, so that other nodes decide.
func (o *Oracle) Decide(at, peer endpoints.ID, d flow.Direction, ports flow.PortRange) (flow.Decision, error) {
	cases, err := o.view.Table().Cases(peer)
	if err != nil {
		return "", fmt.Errorf("find the cases of a peer: %w", err)
	}
	decide, known := o.known[at]
	if !known {
		if decide, err = o.by.Lookup(at); err != nil {
			return "", fmt.Errorf("compile for a lookup: %w", err)
		}
		o.known[at] = decide
	}
	subject, other := o.view.Set.Of(at).Kind, o.view.Set.Of(peer).Kind
	decisions := map[flow.Decision]bool{}
	for _, c := range cases {
		one := decide(d, c, ports)
		allowedNode := subject == endpoints.PodEndpoint && d == flow.Ingress && one == flow.Allowed
		if !c.OwnNode || other != subject && !allowedNode {
			decisions[one] = true
		}
	}
	if len(decisions) > 1 {
		return flow.Depends, nil
	}
	for one := range decisions {
		return one, nil
	}
	return "", nil
}
