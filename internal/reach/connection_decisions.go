package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// mergeConnections joins adjacent ranges of ports that the same policies allow.
func mergeConnections(all []report.Connection) []report.Connection {
	slices.SortStableFunc(all, func(a, b report.Connection) int { return a.Ports.Compare(b.Ports) })
	var out []report.Connection
	for _, c := range all {
		if n := len(out) - 1; n >= 0 && out[n].Ports.Protocol == c.Ports.Protocol && int(out[n].Ports.Last)+1 == int(c.Ports.First) && out[n].SameSides(c) {
			out[n].Ports.Last = c.Ports.Last
			continue
		}
		out = append(out, c)
	}
	return out
}

// decided decides the connections of a pair again, each on its first port, with ranges cut where any of them
// begins or ends. An entity may be several things, which openings list one by one, and a name needs a DNS rule.
func (q *Questions) decided(all []report.Connection) ([]report.Connection, error) {
	var bounds []flow.PortRange
	for _, c := range all {
		bounds = append(bounds, c.Ports)
	}
	var out []report.Connection
	seen := map[flow.PortRange]bool{}
	for _, c := range all {
		for _, ports := range q.cut(c.Ports, bounds) {
			if seen[ports] {
				continue
			}
			seen[ports] = true
			c.Ports = ports
			v, err := q.View.Decide(exampleOf(c))
			if err != nil {
				return nil, fmt.Errorf("find connections: %w", err)
			}
			if v.Decision() == flow.Denied {
				continue
			}
			c.Egress, c.Ingress, c.Note = v.Egress, v.Ingress, ""
			switch {
			case v.Decision() == flow.Depends:
				c.Note = v.Note
			case isOwnNode(*c.From) && c.To.Kind == endpoints.PodEndpoint:
				// Policies that also allow it change nothing.
				c.Ingress, c.Note = flow.Side{Decision: flow.Allowed}, "a node always reaches its own pods"
			}
			c.DeclaredBy = q.declaredBy(c)
			out = append(out, c)
		}
	}
	return mergeConnections(out), nil
}

// cut cuts a range where others begin or end. One of every protocol is cut where others have a protocol.
func (q *Questions) cut(r flow.PortRange, bounds []flow.PortRange) []flow.PortRange {
	if r.Protocol != "" || !slices.ContainsFunc(bounds, func(b flow.PortRange) bool { return b.Protocol != "" }) {
		return r.Split(bounds)
	}
	var out []flow.PortRange
	for _, p := range protocolsOf(q.View) {
		out = append(out, p.Split(bounds)...)
	}
	return out
}

// exampleOf returns a flow of a connection.
func exampleOf(c report.Connection) flow.Flow {
	f := flow.Flow{From: *c.From, To: *c.To, Protocol: c.Ports.Protocol}
	if c.To.Kind == endpoints.NameEndpoint {
		f.To = endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: exampleName(c.To.Name)}
	}
	if !c.Ports.IsAllPorts() {
		f.Port = c.Ports.First
	}
	return f
}
