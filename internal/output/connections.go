package output

import (
	"slices"
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
		From: report.EndpointName(c.From), To: report.EndpointName(c.To), Ports: portsJSON(c.Ports), Decision: string(decisionOf(c)),
		L7: nonNil(c.L7()), Egress: sideJSON(c.Egress), Ingress: sideJSON(c.Ingress), DeclaredBy: nonNil(c.DeclaredBy),
	}
}

func portsJSON(p flow.PortRange) document.Ports {
	out := document.Ports{Protocol: string(p.Protocol), First: p.First, Last: p.Last}
	if p.IsAllPorts() {
		out.First, out.Last = 0, 0
	}
	return out
}

func decisionOf(c report.Connection) flow.Decision {
	return flow.Verdict{Egress: c.Egress, Ingress: c.Ingress}.Decision()
}

// connectionGroup has connections that differ in their ends alone.
type connectionGroup struct {
	first report.Connection
	names []string
}

// groupConnections joins connections that differ in one of their ends alone, in order of the first of each
// group. name is the end that is listed, and other the one that is equal.
func groupConnections(all []report.Connection, name, other func(report.Connection) string) []connectionGroup {
	var out []connectionGroup
	byKey := map[string]int{}
	for _, c := range all {
		key := strings.Join(append([]string{other(c), c.Ports.String(), string(decisionOf(c)), sideKey(c.Egress), sideKey(c.Ingress)}, c.DeclaredBy...), "\n")
		at, known := byKey[key]
		if !known {
			at = len(out)
			byKey[key] = at
			out = append(out, connectionGroup{first: c})
		}
		if n := name(c); !slices.Contains(out[at].names, n) {
			out[at].names = append(out[at].names, n)
		}
	}
	return out
}

func sideKey(s flow.Side) string { return s.Policies.String() + " " + s.L7.String() }

// portsText is "443/TCP", with the restrictions of a connection.
func portsText(c report.Connection) string {
	out := c.Ports.String()
	if c.Ports == flow.AllPorts("") {
		out = "every port"
	}
	if l7 := c.L7(); len(l7) > 0 {
		out += " (" + strings.Join(l7, "; ") + ")"
	}
	if decisionOf(c) == flow.Depends {
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
		return "no policy isolates them"
	}
	return strings.Join(out, ", ")
}
