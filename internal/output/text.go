// Package output writes results and changes. Each format has files of its own.
package output

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Detail is how much is written.
type Detail string

// The details.
const (
	// Quiet writes errors, and no changes.
	Quiet Detail = "quiet"
	// Summary counts changes, flows and the details of findings.
	Summary Detail = "summary"
	// Verbose lists everything.
	Verbose Detail = "verbose"
)

// Text writes findings for users, each on a line of its own.
func Text(w io.Writer, findings report.Findings, detail Detail) error {
	if _, err := io.WriteString(w, findingsText(findings, detail, paletteOf(w))); err != nil {
		return fmt.Errorf("write findings: %w", err)
	}
	return nil
}

func findingsText(findings report.Findings, detail Detail, p palette) string {
	if detail == Quiet {
		findings = findings.Errors()
	}
	var out strings.Builder
	for _, f := range findings {
		out.WriteString(p.finding(f.Severity, findingText(f, detail)))
	}
	return out.String()
}

// findingText is the lines of a finding.
func findingText(f report.Finding, detail Detail) string {
	if detail != Verbose && len(f.Details) > 0 {
		f.Message += fmt.Sprintf(" (more with -v: %d)", len(f.Details))
	}
	var out strings.Builder
	out.WriteString(f.String() + "\n")
	if detail == Verbose {
		for _, d := range f.Details {
			out.WriteString("    " + strings.ReplaceAll(d, "\n", " ") + "\n")
		}
	}
	return out.String()
}

// Changes writes the counts of changes after a title. Verbose, a line for each created, configured or
// deleted resource comes first.
func Changes(w io.Writer, title string, changes report.Changes, detail Detail) error {
	if detail == Quiet {
		return nil
	}
	var lines strings.Builder
	if detail == Verbose {
		for _, c := range changes.Effective() {
			fmt.Fprintln(&lines, c)
		}
	}
	if _, err := fmt.Fprintf(w, "%s%s: %s\n", &lines, title, changes.Summary()); err != nil {
		return fmt.Errorf("write changes: %w", err)
	}
	return nil
}

// Checks writes the catalogue as a table: one row for each check.
func Checks(w io.Writer, checks []*report.Check) error {
	rows := grid{{"CHECK", "SEVERITY", "TITLE"}}
	for _, c := range checks {
		rows = append(rows, []string{c.Name, c.SeverityList(), c.Title})
	}
	return rows.write(w, widthOf(w))
}

// Check writes one check in full.
func Check(w io.Writer, c *report.Check) error {
	lines := []string{c.Name + " (" + c.SeverityList() + ")", c.Title, "", c.Meaning, "", "What to do: " + c.Fix}
	if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("write check: %w", err)
	}
	return nil
}

// color is a color of a terminal, as the parameter of an escape sequence.
type color string

const (
	red    color = "31"
	green  color = "32"
	yellow color = "33"
	cyan   color = "36"
)

// palette colors words. Its zero value leaves them as they are.
type palette struct{ colored bool }

// paletteOf colors words on a terminal, unless the environment forbids it: see https://no-color.org.
func paletteOf(w io.Writer) palette {
	if p, ok := w.(*Progress); ok {
		w = p.terminal.Writer
	}
	f, ok := w.(*os.File)
	return palette{ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p palette) paint(c color, text string) string {
	if !p.colored {
		return text
	}
	return "\x1b[1;" + string(c) + "m" + text + "\x1b[0m"
}

var severityColors = map[report.Severity]color{report.Error: red, report.Warning: yellow, report.Info: cyan}

// finding colors the severity at the start of the text of a finding.
func (p palette) finding(s report.Severity, text string) string {
	return p.paint(severityColors[s], string(s)) + strings.TrimPrefix(text, string(s))
}

var outcomeColors = map[report.Outcome]color{report.Verified: green, report.VerifiedInPart: green, report.NotVerified: red, report.NothingToVerify: yellow}

// outcome colors the outcome at the start of the last line of a report.
func (p palette) outcome(o report.Outcome, line string) string {
	return p.paint(outcomeColors[o], outcomeText(o)) + strings.TrimPrefix(line, outcomeText(o))
}
