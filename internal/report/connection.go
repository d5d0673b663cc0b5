package report

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Connection is what the policies at both sides allow from one endpoint to another, on a range of ports.
type Connection struct {
	// From and To must not be changed.
	From, To *endpoints.Endpoint
	Ports    flow.PortRange
	// Egress is the side of the source, and Ingress that of the destination. Their decisions are Allowed,
	// NotEnforced, or Depends if a policy allows only some of what an endpoint may be.
	Egress, Ingress flow.Side
	// Note states in which cases the connection is allowed, if it depends.
	Note string
	// DeclaredBy are the fields behind the policies of both sides. Empty: they are hand-written, or none
	// isolates the endpoints.
	DeclaredBy []string
}

// L7 describes what the sides restrict the connection to. Empty: nothing.
func (c Connection) L7() []string {
	var out []string
	for _, side := range []flow.Side{c.Egress, c.Ingress} {
		if text := side.L7.String(); text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// Decision is the decision of both sides together.
func (c Connection) Decision() flow.Decision {
	return flow.Verdict{Egress: c.Egress, Ingress: c.Ingress}.Decision()
}

// Side returns the side of a direction.
func (c *Connection) Side(d flow.Direction) *flow.Side {
	if d == flow.Ingress {
		return &c.Ingress
	}
	return &c.Egress
}

// SameSides reports whether the same policies allow two connections in the same way.
func (c Connection) SameSides(o Connection) bool {
	same := func(a, b flow.Side) bool {
		return a.Decision == b.Decision && slices.Equal(a.Policies, b.Policies) && a.L7.Equal(b.L7)
	}
	return same(c.Egress, o.Egress) && same(c.Ingress, o.Ingress) && c.Note == o.Note
}

// EndpointName is how reports name an endpoint: a network by its prefix, others by their names.
func EndpointName(ep *endpoints.Endpoint) string {
	if ep.Kind == endpoints.AddressEndpoint && ep.Network.IsValid() {
		return ep.Network.String()
	}
	return ep.Name
}

// Reachable is what some endpoints can reach, and who can reach them.
type Reachable struct {
	// Subject is the text that names the endpoints.
	Subject  string
	Subjects []ReachSubject
	// Connections are those of each direction that was asked for.
	Connections map[flow.Direction][]Connection
	// LaterPods represent pods that are not in the build, and with which both sides allow connections, too.
	LaterPods map[flow.Direction][]string
	// Hops is the number of connections in a row that was asked for. Paths lead to everything that they
	// reach. Empty: one hop was asked for.
	Hops  int
	Paths map[flow.Direction][]Path
	// Directions are those that were asked for.
	Directions []flow.Direction
	// AsEnforced reports that every tenant counts as one in Enforce.
	AsEnforced bool
	Findings   Findings
}

// ReachSubject is an endpoint that was asked about.
type ReachSubject struct {
	endpoints.Endpoint
	// Owner is the Tenant of a pod: "Tenant/acme". Empty: no tenant has it.
	Owner string
	// AllowOnly reports that the Tenant is in AllowOnly, where its policies deny nothing.
	AllowOnly bool
	// Isolated reports whether something default-denies it in a direction, and Policies has those that select
	// it. Endpoints that no policy can select have none.
	Isolated map[flow.Direction]bool
	// DenyRules reports that nothing default-denies it, and deny rules deny some traffic.
	DenyRules map[flow.Direction]bool
	Policies  map[flow.Direction]flow.Policies
}

// State describes whether something isolates the endpoint in a direction, and names the policies that select it.
func (s ReachSubject) State(d flow.Direction) string {
	out := "not isolated, everything is allowed"
	switch {
	case s.Isolated[d]:
		out = "isolated"
	case s.DenyRules[d]:
		out = "not isolated, everything is allowed that no deny rule denies"
	}
	if names := s.Policies[d].Names(); len(names) > 0 {
		out += ", selected by " + strings.Join(names, ", ")
	}
	return out
}

// Path is the shortest way to an endpoint: connections in a row, in the direction of the traffic.
type Path []Connection
