package output

import (
	"cmp"
	"strings"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// connectionsJSON writes connections for programs.
func connectionsJSON(all []report.Connection) []document.Connection {
	out := []document.Connection{}
	for _, c := range all {
		out = append(out, connectionJSON(c))
	}
	return out
}

func connectionJSON(c report.Connection) document.Connection {
	return document.Connection{
		From: report.EndpointName(c.From), To: report.EndpointName(c.To), Ports: portsJSON(c.Ports), Decision: string(c.Decision()),
		L7: nonNil(c.L7()), Egress: sideJSON(c.Egress), Ingress: sideJSON(c.Ingress), DeclaredBy: nonNil(c.DeclaredBy), Note: c.Note,
	}
}

func portsJSON(p flow.PortRange) document.Ports {
	out := document.Ports{Protocol: string(p.Protocol), First: p.First, Last: p.Last}
	if p.IsAllPorts() {
		out.First, out.Last = 0, 0
	}
	return out
}

// connectionGroup has connections that differ in their sources, or in their destinations, and in their ports.
type connectionGroup struct {
	first report.Connection
	names []string
	// ports are those of each connection.
	ports []string
}

// groupConnections joins connections that the same policies allow: first those with equal ports, and then
// those with equal names. name is the endpoint that a group lists, and other the one that is equal in it.
// Groups are in the order of their first connections.
func groupConnections(all []report.Connection, name, other func(report.Connection) string) []connectionGroup {
	alike := func(c report.Connection) string {
		return strings.Join(append([]string{other(c), string(c.Decision()), c.Note, sideKey(c.Egress), sideKey(c.Ingress)}, c.DeclaredBy...), "\n")
	}
	byPorts := joinGroups(all, func(c report.Connection) (string, connectionGroup) {
		return alike(c) + "\n" + c.Ports.String(), connectionGroup{c, []string{name(c)}, []string{portsText(c)}}
	})
	return joinGroups(byPorts, func(g connectionGroup) (string, connectionGroup) {
		return alike(g.first) + "\n" + strings.Join(g.names, "\n"), g
	})
}

// joinGroups joins the groups of one key.
func joinGroups[T any](all []T, groupOf func(T) (string, connectionGroup)) []connectionGroup {
	var out []connectionGroup
	byKey := map[string]int{}
	for _, one := range all {
		key, g := groupOf(one)
		at, known := byKey[key]
		if !known {
			byKey[key] = len(out)
			out = append(out, g)
			continue
		}
		out[at].names, out[at].ports = append(out[at].names, g.names...), append(out[at].ports, g.ports...)
	}
	for i := range out {
		out[i].names, out[i].ports = unique(out[i].names), unique(out[i].ports)
	}
	return out
}

func sideKey(s flow.Side) string { return s.Policies.String() + " " + s.L7.String() }

func rangeText(p flow.PortRange) string {
	if p == flow.AllPorts("") {
		return "every port"
	}
	return p.String()
}

// portsText is "443/TCP", with the restrictions of a connection.
func portsText(c report.Connection) string {
	out := rangeText(c.Ports)
	if l7 := c.L7(); len(l7) > 0 {
		out += " (" + strings.Join(l7, "; ") + ")"
	}
	if c.Decision() == flow.Depends {
		out += " (in some cases)"
	}
	return out
}

// policiesText is "egress web/allow, ingress db/allow".
func policiesText(c report.Connection) string {
	var out []string
	for _, s := range []struct {
		direction flow.Direction
		side      flow.Side
	}{{flow.Egress, c.Egress}, {flow.Ingress, c.Ingress}} {
		if len(s.side.Policies) > 0 {
			out = append(out, string(s.direction)+" "+s.side.Policies.String())
		}
	}
	if len(out) == 0 {
		return cmp.Or(c.Note, "no policy isolates them")
	}
	return strings.Join(out, ", ")
}
