package output

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Table writes the flows that the generated policies of each tenant allow, with the fields that
// declare them, and what each agent must hold. agents is nil if that is unknown.
func Table(w io.Writer, items []*yaml.RNode, agents *report.AgentLoad) error {
	policies, err := policiesOf(items)
	if err != nil {
		return fmt.Errorf("read the policies: %w", err)
	}
	rows := grid{{"FLOW", "PORTS", "DECLARED BY", "POLICY"}}
	group := ""
	for _, p := range policies {
		if title := titleOf(p); title != group {
			group = title
			rows = append(rows, []string{""}, []string{title})
		}
		rows = append(rows, policyRows(p)...)
	}
	if err := rows.write(w, widthOf(w)); err != nil {
		return err
	}
	return agentsTable(w, agents)
}

// titleOf is "acme: Allow in tenant-acme".
func titleOf(p document.Policy) string {
	title := cmp.Or(p.Tenant, "cluster-wide") + ": " + p.Stage
	if p.Namespace != "" {
		title += " in " + p.Namespace
	}
	return title
}

// policyRows returns a row for each rule of a policy. Rules that differ only in the direction are one.
func policyRows(p document.Policy) [][]string {
	declaredBy := briefReasons(p.DeclaredBy)
	var out [][]string
	for _, r := range p.Rules {
		row := []string{flowOf(r, p.Namespace), portsOf(r), declaredBy, p.Name}
		if !slices.ContainsFunc(out, func(other []string) bool { return slices.Equal(row, other) }) {
			out = append(out, row)
		}
	}
	switch {
	case len(out) > 0:
		return out
	case p.Kind == "ConfigMap":
		return [][]string{{"names that the egress proxy allows", "", declaredBy, p.Name}}
	}
	return [][]string{{"no other flow", "", declaredBy, p.Name}}
}

// briefReasons is the first field that declares a policy, and the number of others.
func briefReasons(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	first := strings.Replace(reasons[0], " spec.", " ", 1)
	if len(reasons) > 1 {
		first += fmt.Sprintf(" (%d more)", len(reasons)-1)
	}
	return first
}

// flowOf is "app=web → tenant-b/app=api". Pods of the policy's own namespace have no namespace.
func flowOf(r document.Rule, namespace string) string {
	own := func(text string) string {
		if pods, is := strings.CutPrefix(text, namespace+"/"); is && namespace != "" {
			text = pods
			if pods == "*" {
				text = "all pods"
			}
		}
		return strings.ReplaceAll(text, "app.kubernetes.io/", "")
	}
	var peers []string
	for _, peer := range r.Peers {
		peers = append(peers, own(peer))
	}
	if r.Direction == string(flow.Egress) {
		return own(r.Subject) + " → " + strings.Join(peers, ", ")
	}
	return strings.Join(peers, ", ") + " → " + own(r.Subject)
}

func portsOf(r document.Rule) string {
	text := strings.Join(r.Ports, ", ")
	if text == "" {
		text = "every port"
	}
	if len(r.L7) > 0 {
		text += ": " + strings.Join(r.L7, ", ")
	}
	return text
}

// policiesOf returns the generated policies, sorted by tenant, stage, namespace and name.
func policiesOf(items []*yaml.RNode) ([]document.Policy, error) {
	out := []document.Policy{}
	for _, n := range resource.ObjectsOf(items) {
		if n.Fence == "" {
			continue
		}
		rules, err := rulesOf(n.RNode)
		if err != nil {
			return nil, err
		}
		out = append(out, document.Policy{
			APIVersion: n.GetApiVersion(), Kind: n.GetKind(), Namespace: n.GetNamespace(), Name: n.GetName(),
			Fence: n.Fence, Tenant: n.Tenant, Stage: string(n.Stage), Family: string(n.Family), DeclaredBy: nonNil(n.Reasons), Rules: rules,
		})
	}
	slices.SortFunc(out, func(a, b document.Policy) int {
		return cmp.Or(
			cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(stageOrder(a.Stage), stageOrder(b.Stage)),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind),
		)
	})
	return out, nil
}

func stageOrder(stage string) int {
	return slices.Index([]string{"Baseline", "Allow", "DefaultDeny"}, stage)
}

const (
	// minColumn is the smallest width of a column.
	minColumn = 8
	columnGap = 2
)

// widthOf is the width of the terminal that a writer writes to. Without a terminal it is that of the
// environment, or else every row is one line, for programs such as grep.
func widthOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	return math.MaxInt
}

// grid is a table. The first row is its header. A row with a single cell spans all columns.
type grid [][]string

// write writes the table with at most width columns: it shortens the widest columns, and continues their
// cells on the next line.
func (g grid) write(w io.Writer, width int) error {
	widths := g.widths(width)
	for _, row := range g {
		for _, line := range rowLines(row, widths) {
			if _, err := fmt.Fprintln(w, line); err != nil {
				return fmt.Errorf("write table: %w", err)
			}
		}
	}
	return nil
}

// widths returns the widths of the columns. It first shortens columns in which most cells need less, then
// all of them, the widest first. It divides no word of the header.
func (g grid) widths(width int) []int {
	columns := g.columns()
	widths, most, least := make([]int, len(columns)), make([]int, len(columns)), make([]int, len(columns))
	total := columnGap * (len(columns) - 1)
	for i, cells := range columns {
		slices.Sort(cells)
		least[i] = max(minColumn, longestWord(g[0][i]))
		widths[i], most[i] = cells[len(cells)-1], max(cells[len(cells)*3/4], least[i])
		total += widths[i]
	}
	for ; total > width; total-- {
		i := widest(widths, most)
		if i < 0 {
			i = widest(widths, least)
		}
		if i < 0 {
			break
		}
		widths[i]--
	}
	return widths
}

func longestWord(text string) int {
	n := 0
	for _, word := range strings.Fields(text) {
		n = max(n, utf8.RuneCountInString(word))
	}
	return n
}

// columns returns the widths of the cells of each column.
func (g grid) columns() [][]int {
	columns := make([][]int, len(g[0]))
	for _, row := range g {
		for i := range columns {
			if len(row) > 1 {
				columns[i] = append(columns[i], utf8.RuneCountInString(row[i]))
			}
		}
	}
	return columns
}

// widest returns the widest column that is wider than its limit, or -1.
func widest(widths, limits []int) int {
	found := -1
	for i, n := range widths {
		if n > limits[i] && (found < 0 || n > widths[found]) {
			found = i
		}
	}
	return found
}

// rowLines returns the lines of a row.
func rowLines(row []string, widths []int) []string {
	if len(row) == 1 {
		return row
	}
	cells, height := make([][]string, len(row)), 0
	for i, cell := range row {
		cells[i] = Wrap(cell, widths[i])
		height = max(height, len(cells[i]))
	}
	lines := make([]string, height)
	for y := range lines {
		var line strings.Builder
		for i, cell := range cells {
			text := ""
			if y < len(cell) {
				text = cell[y]
			}
			line.WriteString(text)
			if i < len(cells)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+columnGap))
			}
		}
		lines[y] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

// Wrap divides a text into lines of at most width runes. It divides longer words, if possible after one
// of the characters that names consist of.
func Wrap(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		switch {
		case lines[last] == "":
			lines[last] = word
		case utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word) <= width:
			lines[last] += " " + word
		default:
			lines = append(lines, word)
		}
		for last = len(lines) - 1; utf8.RuneCountInString(lines[last]) > width; last++ {
			first, rest := divide(lines[last], width)
			lines[last] = first
			lines = append(lines, rest)
		}
	}
	return lines
}

// divide divides a word that is longer than width.
func divide(word string, width int) (first, rest string) {
	runes := []rune(word)
	at := width
	for i := width; i > width/2; i-- {
		if strings.ContainsRune("/.,=[-", runes[i-1]) {
			at = i
			break
		}
	}
	return string(runes[:at]), string(runes[at:])
}
