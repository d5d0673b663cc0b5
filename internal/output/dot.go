package output

import (
	"fmt"
	"io"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"
)

// GraphDot writes a graph in the language of Graphviz, with a cluster for each group.
func GraphDot(w io.Writer, g report.Graph) error {
	p := pictureOf(g)
	var b strings.Builder
	b.WriteString("digraph connections {\n")
	fmt.Fprintf(&b, "  graph [rankdir=LR, compound=true, newrank=true, nodesep=0.15, ranksep=1.2, fontname=\"Helvetica\", label=%s, labelloc=t]\n", dotText(graphNote(g)))
	b.WriteString("  node [shape=box, style=\"rounded\", fontname=\"Helvetica\", fontsize=11, color=\"#64748b\"]\n")
	b.WriteString("  edge [fontname=\"Helvetica\", fontsize=9, color=\"#2563eb\", fontcolor=\"#334155\"]\n")
	for group := range p.Groups {
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    graph [label=%s, style=rounded, color=\"#94a3b8\", labeljust=l]\n", group, dotText(p.groupLines(group)...))
		if len(p.members[group]) == 0 {
			fmt.Fprintf(&b, "    g%d [label=\"no pods in the build\", shape=plaintext]\n", group)
		}
		for _, n := range p.members[group] {
			lines, style := []string{shortName(g, g.Nodes[n])}, ""
			if text := openText(g.Nodes[n]); text != "" {
				lines, style = append(lines, text), ", style=\"rounded,dashed\", color=\"#b45309\""
			}
			fmt.Fprintf(&b, "    n%d [label=%s%s]\n", n, dotText(lines...), style)
		}
		b.WriteString("  }\n")
	}
	for _, a := range p.arrows {
		fmt.Fprintf(&b, "  n%d -> n%d [label=%s%s%s]\n", p.anchor(a.from), p.anchor(a.to), dotText(report.Brief(a.ports)), dotCluster(", ltail", a.from), dotCluster(", lhead", a.to))
	}
	b.WriteString("}\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the graph: %w", err)
	}
	return nil
}

// anchor is the node of a place: an arrow of a group begins at a node in it, and is cut at the border.
func (p picture) anchor(at place) int {
	if at.node < 0 {
		return p.members[at.group][len(p.members[at.group])/2]
	}
	return at.node
}

func dotCluster(attribute string, at place) string {
	if at.node >= 0 {
		return ""
	}
	return fmt.Sprintf("%s=cluster_%d", attribute, at.group)
}

// dotText returns lines as a quoted string.
func dotText(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ")
	var out []string
	for _, line := range lines {
		out = append(out, escape.Replace(line))
	}
	return `"` + strings.Join(out, `\n`) + `"`
}
