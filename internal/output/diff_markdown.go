package output

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tenantfence/tenantfence/internal/report"
)

const (
	// maxComment is the number of characters that GitHub accepts in a comment. Bytes are counted: a character
	// has at least one.
	maxComment = 65_536
	// reserved is kept for what follows a cut: the count of what is left out, and the last lines.
	reserved = 2_000
	// maxCell is the number of characters of a cell.
	maxCell = 400
)

// DiffMarkdown writes the differences of two builds as the comment of a pull request: a line with the counts,
// a table for each kind, and the policies in a section that is folded. What does not fit is counted.
func DiffMarkdown(w io.Writer, d report.Diff) error {
	var m comment
	m.write(fmt.Sprintf("### tenantfence: %s\n\n%s compared with %s.\n", countsText(d), code(sideName(d.New)), code(sideName(d.Old))))
	if note := allowOnlyNote(d, code); note != "" {
		m.write("\n" + note)
	}
	for _, side := range []report.DiffSide{d.Old, d.New} {
		if counts := side.Findings.Counts(); counts[report.Warning] > 0 {
			m.write(fmt.Sprintf("\n%s has %s, which `tenantfence verify` lists.\n", code(sideName(side)), report.Count(counts[report.Warning], "warning")))
		}
	}
	var all []*differenceGroup
	for _, kind := range report.DifferenceKinds() {
		groups := groupDifferences(d.Differences, kind, Summary)
		all = append(all, groups...)
		m.table(fmt.Sprintf("\n**%s**: %s\n\n| from | to | ports | connections | declared by |\n|---|---|---|---:|---|\n", kind, kindMeaning[kind]), groups, func(g *differenceGroup) string {
			return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", code(g.from(Summary)), code(g.to(Summary)), code(g.portsText()), g.connections(), code(g.declaredBy(Summary)))
		})
	}
	m.table("\n<details><summary>Policies</summary>\n\n| kind | from | to | policies |\n|---|---|---|---|\n", all, func(g *differenceGroup) string {
		return fmt.Sprintf("| %s | %s | %s | %s |\n", g.Kind, code(g.from(Summary)), code(g.to(Summary)), code(g.policies(Summary)))
	})
	if len(all) > 0 {
		m.write("\n</details>\n")
	}
	if _, err := io.WriteString(w, m.text.String()); err != nil {
		return fmt.Errorf("write the differences: %w", err)
	}
	return nil
}

// comment is a text of limited size.
type comment struct{ text strings.Builder }

func (m *comment) write(text string) { m.text.WriteString(text) }

// table writes a row for each group after a header, as far as they fit, and counts the others. Without groups
// it writes nothing.
func (m *comment) table(header string, groups []*differenceGroup, row func(*differenceGroup) string) {
	if len(groups) == 0 {
		return
	}
	m.write(header)
	for i, g := range groups {
		text := row(g)
		if m.text.Len()+len(text) <= maxComment-reserved {
			m.write(text)
			continue
		}
		connections := 0
		for _, left := range groups[i:] {
			connections += left.count
		}
		m.write(fmt.Sprintf("\n%s with %s are left out, because a comment has at most %d characters: `tenantfence diff -o json` lists all.\n",
			report.Count(len(groups)-i, "more row"), report.Count(connections, "connection"), maxComment))
		return
	}
}

// code writes a text of users as code in a cell: no character of it is markup or a mention.
func code(text string) string {
	if text == "" {
		return ""
	}
	if utf8.RuneCountInString(text) > maxCell {
		text = string([]rune(text)[:maxCell-1]) + "…"
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == utf8.RuneError || unicode.IsControl(r):
			b.WriteByte(' ')
		case r > unicode.MaxASCII || unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ./,;()=%?", r), r == '-':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return "<code>" + strings.ReplaceAll(b.String(), "www.", "www&#46;") + "</code>"
}
