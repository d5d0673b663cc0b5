package output

import (
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// pageData is a graph as the page reads it. Texts that repeat are in Strings, and others refer to their
// positions, so that many tenants stay small.
type pageData struct {
	Note       string        `json:"note"`
	Outcome    string        `json:"outcome"`
	Reasons    []string      `json:"reasons"`
	AsEnforced bool          `json:"asEnforced"`
	Selected   []string      `json:"selected"`
	Groups     []pageGroup   `json:"groups"`
	Nodes      []pageNode    `json:"nodes"`
	Edges      []pageEdge    `json:"edges"`
	Traffic    []pageTraffic `json:"traffic"`
	Strings    []string      `json:"strings"`
}

type pageGroup struct {
	Title       string   `json:"title"`
	Kind        string   `json:"kind"`
	Namespaces  []string `json:"namespaces,omitempty"`
	Enforcement string   `json:"enforcement,omitempty"`
	Proved      bool     `json:"proved,omitempty"`
}

type pageNode struct {
	Name  string `json:"name"`
	Short string `json:"short"`
	Group int    `json:"group"`
	// Pod reports that policies can select the node. Out and In report that nothing isolates it.
	Pod bool `json:"pod,omitempty"`
	Out bool `json:"out,omitempty"`
	In  bool `json:"in,omitempty"`
}

type pageEdge struct {
	From    []int `json:"from"`
	To      []int `json:"to"`
	Traffic []int `json:"traffic"`
}

type pageTraffic struct {
	Ports    string `json:"ports"`
	Depends  bool   `json:"depends,omitempty"`
	Declared []int  `json:"declared,omitempty"`
	Egress   []int  `json:"egress,omitempty"`
	Ingress  []int  `json:"ingress,omitempty"`
}

// pageOf returns the data of the page.
func pageOf(g report.Graph) pageData {
	out := pageData{Note: graphNote(g), AsEnforced: g.AsEnforced, Selected: nonNil(g.Selected), Reasons: []string{}, Groups: []pageGroup{}, Nodes: []pageNode{}, Edges: []pageEdge{}, Traffic: []pageTraffic{}, Strings: []string{}}
	if v := g.Verification; v != nil {
		out.Outcome, out.Reasons = string(v.Outcome()), nonNil(v.UnverifiedReasons())
	}
	for _, one := range g.Groups {
		out.Groups = append(out.Groups, pageGroup{Title: one.Title(), Kind: string(one.Kind), Namespaces: one.Namespaces, Enforcement: string(one.Enforcement), Proved: g.Proves(one)})
	}
	for _, n := range g.Nodes {
		out.Nodes = append(out.Nodes, pageNode{
			Name: report.EndpointName(n.Endpoint), Short: shortName(g, n), Group: n.Group,
			Pod: n.Kind == endpoints.PodEndpoint && n.IsSelected(), Out: n.Open[flow.Egress], In: n.Open[flow.Ingress],
		})
	}
	texts := texts{at: map[string]int{}}
	for _, e := range g.Edges {
		one := pageEdge{From: e.From, To: e.To}
		for _, t := range e.Traffic {
			c := g.Connection(e.From[0], e.To[0], t)
			one.Traffic = append(one.Traffic, len(out.Traffic))
			out.Traffic = append(out.Traffic, pageTraffic{
				Ports: portsText(c), Depends: c.Decision() == flow.Depends,
				Declared: texts.positions(t.DeclaredBy), Egress: texts.positions(t.Egress.Policies.Names()), Ingress: texts.positions(t.Ingress.Policies.Names()),
			})
		}
		out.Edges = append(out.Edges, one)
	}
	out.Strings = append(out.Strings, texts.list...)
	return out
}

// texts are distinct texts in the order of their first use.
type texts struct {
	list []string
	at   map[string]int
}

func (t *texts) positions(all []string) []int {
	var out []int
	for _, text := range all {
		i, known := t.at[text]
		if !known {
			i = len(t.list)
			t.at[text] = i
			t.list = append(t.list, text)
		}
		out = append(out, i)
	}
	return out
}
