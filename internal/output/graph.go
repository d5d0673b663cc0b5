package output

import (
	"io"
	"strings"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// GraphForm is a form of the answer of graph.
type GraphForm struct {
	// Name is the value of the flag.
	Name  string
	Write func(io.Writer, report.Graph) error
}

// GraphForms returns all forms. The first is the default.
func GraphForms() []GraphForm {
	return []GraphForm{{"mermaid", GraphMermaid}, {"dot", GraphDot}, {"html", GraphHTML}, {"json", GraphJSON}}
}

// GraphJSON writes a graph for programs.
func GraphJSON(w io.Writer, g report.Graph) error {
	out := document.Graph{
		Fence: g.Fence, Selected: g.Selected, AsEnforced: g.AsEnforced, Groups: []document.GraphGroup{}, Nodes: []document.GraphNode{}, Edges: []document.GraphEdge{},
		Findings: findingsJSON(g.Findings), FindingCounts: findingCountsJSON(g.Findings),
	}
	if v := g.Verification; v != nil {
		out.Verification = &document.Verification{Outcome: string(v.Outcome()), Reasons: nonNil(v.UnverifiedReasons())}
	}
	for _, one := range g.Groups {
		out.Groups = append(out.Groups, document.GraphGroup{Kind: string(one.Kind), Name: one.Name, Namespaces: one.Namespaces, Enforcement: string(one.Enforcement), IsolationProved: g.Proves(one)})
	}
	for _, n := range g.Nodes {
		out.Nodes = append(out.Nodes, document.GraphNode{Name: report.EndpointName(n.Endpoint), Group: n.Group, OpenEgress: n.Open[flow.Egress], OpenIngress: n.Open[flow.Ingress]})
	}
	for _, e := range g.Edges {
		one := document.GraphEdge{From: e.From, To: e.To, Traffic: []document.GraphTraffic{}}
		for _, t := range e.Traffic {
			c := g.Connection(e.From[0], e.To[0], t)
			one.Traffic = append(one.Traffic, document.GraphTraffic{
				Ports: portsJSON(t.Ports), Decision: string(c.Decision()), L7: nonNil(c.L7()), Egress: sideJSON(t.Egress), Ingress: sideJSON(t.Ingress), DeclaredBy: nonNil(t.DeclaredBy),
			})
		}
		out.Edges = append(out.Edges, one)
	}
	return encode(w, out)
}

// groupState describes what is known of a group's isolation.
func groupState(g report.Graph, group report.GraphGroup) string {
	switch {
	case g.Proves(group):
		return "isolation proved"
	case group.Kind == report.TenantGroup:
		return string(group.Enforcement)
	case group.Kind == report.NamespaceGroup:
		return "no Tenant"
	}
	return ""
}

// graphNote states what a picture is and what it does not prove.
func graphNote(g report.Graph) string {
	note := "Not verified in this run, so nothing is proved."
	if v := g.Verification; v != nil {
		note = "tenantfence verify on the same input: " + string(v.Outcome()) + "."
	}
	if g.AsEnforced {
		note += " Decided as if every tenant were in Enforce."
	}
	return note
}

// shortName is the name of a node without the namespace of its group.
func shortName(g report.Graph, n report.GraphNode) string {
	name := report.EndpointName(n.Endpoint)
	group := g.Groups[n.Group]
	if group.Kind == report.NamespaceGroup || len(group.Namespaces) == 1 {
		name = strings.TrimPrefix(name, n.Namespace+"/")
	}
	return name
}
