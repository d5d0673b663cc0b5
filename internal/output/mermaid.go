package output

import (
	"fmt"
	"io"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"
)

// The limits of Mermaid's default configuration, which GitHub uses. Beyond them it draws nothing.
const (
	maxMermaidEdges = 500
	maxMermaidText  = 50_000
)

// GraphMermaid writes a graph as a flowchart of Mermaid. If Mermaid draws no more than its groups, it has
// only these, and states it.
func GraphMermaid(w io.Writer, g report.Graph) error {
	text, n := mermaid(pictureOf(g), "")
	if n > maxMermaidEdges || len(text) > maxMermaidText {
		text, n = mermaid(groupsOnly(g), fmt.Sprintf("Only groups: all pods would be %d arrows, and Mermaid draws at most %d. Select Tenants with --tenant, or write -o html.", n, maxMermaidEdges))
	}
	if n > maxMermaidEdges || len(text) > maxMermaidText {
		return fmt.Errorf("%d arrows between groups are more than Mermaid draws (%d arrows, %d characters): select some Tenants with --tenant, or write -o html", n, maxMermaidEdges, maxMermaidText)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write the graph: %w", err)
	}
	return nil
}

// mermaid returns a picture and the number of its arrows.
func mermaid(p picture, note string) (string, int) {
	var b strings.Builder
	b.WriteString("flowchart LR\n  %% " + graphNote(p.Graph) + "\n")
	if note != "" {
		b.WriteString("  %% " + note + "\n")
	}
	var open []string
	for group := range p.Groups {
		label := mermaidLabel(p.groupLines(group)...)
		if len(p.members[group]) == 0 {
			fmt.Fprintf(&b, "  %s[%s]\n", mermaidID(place{group, -1}), label)
			continue
		}
		fmt.Fprintf(&b, "  subgraph %s[%s]\n", mermaidID(place{group, -1}), label)
		for _, n := range p.members[group] {
			lines := []string{shortName(p.Graph, p.Nodes[n])}
			if text := openText(p.Nodes[n]); text != "" {
				lines = append(lines, text)
				open = append(open, mermaidID(place{group, n}))
			}
			fmt.Fprintf(&b, "    %s[%s]\n", mermaidID(place{group, n}), mermaidLabel(lines...))
		}
		b.WriteString("  end\n")
	}
	for _, a := range p.arrows {
		fmt.Fprintf(&b, "  %s -->|%s| %s\n", mermaidID(a.from), mermaidLabel(report.Brief(a.ports)), mermaidID(a.to))
	}
	if len(open) > 0 {
		b.WriteString("  classDef open stroke-dasharray: 4 3\n  class " + strings.Join(open, ",") + " open\n")
	}
	return b.String(), len(p.arrows)
}

func mermaidID(p place) string {
	if p.node < 0 {
		return fmt.Sprintf("g%d", p.group)
	}
	return fmt.Sprintf("n%d", p.node)
}

// mermaidLabel returns lines as a quoted text. Mermaid reads other characters than these as markup.
func mermaidLabel(lines ...string) string {
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteString("<br/>")
		}
		for _, r := range line {
			if r < 0x80 && strings.ContainsRune(" ,./:;()-_", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				b.WriteRune(r)
				continue
			}
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return `"` + b.String() + `"`
}
