// Package output writes results and changes, one file for each format.
package output

import (
	"fmt"
	"io"
	"strings"

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
