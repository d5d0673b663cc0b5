package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// maxListedFlows is the number of flows that a failed case lists, unless the detail is Verbose.
const maxListedFlows = 10

func init() {
	declare(Form{Name: "text", Write: Report})
}

// Report writes a report for users: each FlowTest with its failed cases or, if Verbose, all cases, then
// the findings, and the outcome as the last line.
func Report(w io.Writer, r report.Report, detail Detail) error {
	var b bytes.Buffer
	colors := paletteOf(w)
	for i := range r.FlowTests {
		if t := &r.FlowTests[i]; detail != Quiet || !t.Passed() {
			flowTestText(&b, t, detail, colors)
		}
	}
	b.WriteString(findingsText(r.Findings, detail, colors))
	if i := r.Isolation; i != nil && detail != Quiet {
		if len(i.AllowOnlyOwners) > 0 {
			fmt.Fprintf(&b, "in AllowOnly: %s\n", strings.Join(i.AllowOnlyOwners, ", "))
		}
		if i.Declared.Total() > 0 {
			fmt.Fprintln(&b, i.Declared)
		}
	}
	b.WriteString(colors.outcome(r.Outcome(), summary(r)) + "\n")
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func flowTestText(b *bytes.Buffer, t *report.FlowTestResult, detail Detail, colors palette) {
	passed := 0
	for _, c := range t.Cases {
		if c.Passed {
			passed++
		}
	}
	omitted := ""
	if t.Omitted > 0 {
		omitted = fmt.Sprintf(" (%d outside of the slice)", t.Omitted)
	}
	fmt.Fprintf(b, "%s: %d of %s%s\n", t.Test, passed, countVerb(len(t.Cases), "case", "holds", "hold"), omitted)
	for i := range t.Cases {
		if c := &t.Cases[i]; !c.Passed || detail == Verbose {
			caseText(b, c, detail, colors)
		}
	}
}

func caseText(b *bytes.Buffer, c *report.CaseResult, detail Detail, colors palette) {
	state := colors.paint(green, "ok") + "    "
	if !c.Passed {
		state = colors.paint(red, "FAILED")
	}
	fmt.Fprintf(b, "  %s  %s (expect %s)\n", state, c.Case.Name, c.Case.Expect)
	if c.Problem != "" {
		fmt.Fprintf(b, "          cannot be decided: %s\n", c.Problem)
	}
	listed := 0
	for i := range c.Flows {
		f := &c.Flows[i]
		switch {
		case f.Passed && detail != Verbose:
		case listed < maxListedFlows || detail == Verbose:
			fmt.Fprintf(b, "          %s\n", flowText(f))
			listed++
		default:
			listed++
		}
	}
	if listed > maxListedFlows && detail != Verbose {
		fmt.Fprintf(b, "          … and %d more (-v lists all)\n", listed-maxListedFlows)
	}
}

// flowText is "a -> b:80/TCP is denied: egress allowed by x, ingress denied by
// default; declared in Tenant/acme spec.egress[llm]".
func flowText(f *report.FlowResult) string {
	v := f.Verdict
	text := fmt.Sprintf("%s %s: egress %s; ingress %s", f.Flow, decisionText(v.Decision()), v.Egress, v.Ingress)
	if v.Note != "" {
		text += "; " + v.Note
	}
	if len(f.DeclaredBy) > 0 {
		text += "; declared in " + strings.Join(f.DeclaredBy, ", ")
	}
	return text
}

func decisionText(d flow.Decision) string {
	if d == flow.Depends {
		return "depends"
	}
	return "is " + string(d)
}

// summary is the last line. It begins with the outcome, and counts what was decided.
func summary(r report.Report) string {
	var parts []string
	if !r.Slice.IsWhole() {
		parts = append(parts, r.Slice.String())
	}
	parts = append(parts, r.UnverifiedReasons()...)
	switch r.Basis {
	case report.FlowTestBasis:
		parts = append(parts, caseSummary(r.FlowTests), "isolation not verified: no Tenant is known (--inputs)")
	case report.TenantBasis:
		parts = append(parts, flowSummary(r))
	}
	if i := r.Isolation; i != nil {
		parts = append(parts, i.String())
		if text := i.RecalledText(); text != "" {
			parts = append(parts, text)
		}
		if i.Unfenced > 0 {
			parts = append(parts, report.Count(i.Unfenced, "namespace")+" not fenced")
		}
	}
	if c := r.Comparison; c != nil && r.Basis == report.TenantBasis {
		parts = append(parts, fmt.Sprintf("%s as generated", countOf(c.Matching, c.Desired, "policy", "policies")))
	}
	if errors := r.Findings.Counts()[report.Error]; errors > 0 {
		parts = append(parts, report.Count(errors, "error"))
	}
	separator := ", "
	if r.Basis != report.TenantBasis {
		separator = "; "
	}
	return outcomeText(r.Outcome()) + ": " + strings.Join(parts, separator)
}

// outcomeText is the outcome at the start of the last line. That of a slice is followed by the slice.
func outcomeText(o report.Outcome) string {
	if o == report.VerifiedInPart {
		return string(report.Verified)
	}
	return string(o)
}

// caseSummary counts cases of FlowTests.
func caseSummary(tests []report.FlowTestResult) string {
	passed, all := 0, 0
	for _, t := range tests {
		for _, c := range t.Cases {
			all++
			if c.Passed {
				passed++
			}
		}
	}
	if all == 0 {
		return "no FlowTest was decided"
	}
	if passed == all {
		return report.Count(all, "FlowTest case") + " as expected"
	}
	return fmt.Sprintf("%d of %s as expected", passed, report.Count(all, "FlowTest case"))
}

// flowSummary counts flows. FlowTests are decided before isolation. Without both, FlowTests may exist that
// were not decided.
func flowSummary(r report.Report) string {
	switch {
	case len(r.FlowTests) == 0 && r.Isolation == nil:
		return "no FlowTest decided"
	case len(r.FlowTests) == 0:
		return "no FlowTest"
	}
	passed, all := countFlows(r.FlowTests)
	return fmt.Sprintf("%d of %s", passed, countVerb(all, "flow", "holds", "hold"))
}

// countFlows counts flows. A case that could not be decided counts as one flow.
func countFlows(tests []report.FlowTestResult) (passed, all int) {
	for _, t := range tests {
		for _, c := range t.Cases {
			if len(c.Flows) == 0 {
				all++
			}
			for _, f := range c.Flows {
				all++
				if f.Passed {
					passed++
				}
			}
		}
	}
	return passed, all
}

// countVerb returns a count with its verb: "1 flow holds", "2 flows hold".
func countVerb(n int, what, one, many string) string {
	if n == 1 {
		return report.Count(n, what) + " " + one
	}
	return report.Count(n, what) + " " + many
}

// countOf is "38 policies" or, if n is less, "37 of 38 policies".
func countOf(n, all int, one, many string) string {
	what := many
	if all == 1 {
		what = one
	}
	if n == all {
		return fmt.Sprintf("%d %s", all, what)
	}
	return fmt.Sprintf("%d of %d %s", n, all, what)
}
