package output

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// picture is a graph as static pictures draw it.
type picture struct {
	report.Graph
	// members are the positions of the nodes of each group.
	members [][]int
	arrows  []arrow
	// within has, by group, the ports on which all of its nodes reach each other.
	within [][]string
}

// arrow is an arrow between two nodes or, where the edge has all nodes of a group, groups.
type arrow struct {
	from, to place
	ports    []string
}

// place is a node or, if node is -1, a group.
type place struct{ group, node int }

// pictureOf returns a picture with all nodes.
func pictureOf(g report.Graph) picture {
	p := picture{Graph: g, members: make([][]int, len(g.Groups)), within: make([][]string, len(g.Groups))}
	for i, n := range g.Nodes {
		p.members[n.Group] = append(p.members[n.Group], i)
	}
	for _, e := range g.Edges {
		from, to := p.places(e.From), p.places(e.To)
		ports := edgePorts(g, e)
		if group := from[0].group; group == to[0].group {
			if from[0].node < 0 && to[0].node < 0 {
				p.within[group] = unique(append(p.within[group], ports...))
				continue
			}
			// No form draws an arrow from a group to its own node.
			from, to = p.places(e.From, ofNodes), p.places(e.To, ofNodes)
		}
		for _, a := range from {
			for _, b := range to {
				p.arrows = append(p.arrows, arrow{a, b, ports})
			}
		}
	}
	return p
}

// groupsOnly returns a picture of groups, with one arrow between two of them.
func groupsOnly(g report.Graph) picture {
	p := picture{Graph: g, members: make([][]int, len(g.Groups)), within: make([][]string, len(g.Groups))}
	at := map[[2]int]int{}
	for _, e := range g.Edges {
		from, to := g.Nodes[e.From[0]].Group, g.Nodes[e.To[0]].Group
		key := [2]int{from, to}
		if i, known := at[key]; known {
			p.arrows[i].ports = unique(append(p.arrows[i].ports, edgePorts(g, e)...))
			continue
		}
		if from == to {
			p.within[from] = unique(append(p.within[from], edgePorts(g, e)...))
			continue
		}
		at[key] = len(p.arrows)
		p.arrows = append(p.arrows, arrow{place{from, -1}, place{to, -1}, edgePorts(g, e)})
	}
	return p
}

// ofNodes is a kind of places: the nodes, also if they are a whole group.
const ofNodes = true

// places returns where arrows of some nodes begin or stop: at their group if they are all of its nodes.
func (p picture) places(nodes []int, each ...bool) []place {
	group := p.Nodes[nodes[0]].Group
	if len(each) == 0 && len(nodes) > 1 && slices.Equal(nodes, p.members[group]) {
		return []place{{group, -1}}
	}
	var out []place
	for _, n := range nodes {
		out = append(out, place{group, n})
	}
	return out
}

// edgePorts lists the ports of an edge, each once.
func edgePorts(g report.Graph, e report.GraphEdge) []string {
	var out []string
	for _, t := range e.Traffic {
		out = append(out, portsText(g.Connection(e.From[0], e.To[0], t)))
	}
	return unique(out)
}

// openText states the directions in which nothing isolates a node. Empty: it is isolated, or no pod.
func openText(n report.GraphNode) string {
	var out []string
	for _, d := range flow.Directions() {
		if n.Open[d] {
			out = append(out, string(d))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, " and ") + " not isolated"
}

// groupLines describes a group: its name, its state, and what all of its nodes may do among themselves.
func (p picture) groupLines(group int) []string {
	g := p.Groups[group]
	out := []string{g.Title()}
	if state := groupState(p.Graph, g); state != "" {
		out[0] += " (" + state + ")"
	}
	if ports := p.within[group]; len(ports) > 0 {
		out = append(out, "within: "+report.Brief(ports))
	}
	return out
}
