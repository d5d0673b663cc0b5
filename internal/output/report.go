package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// flowsShown is how many flows of a case that does not hold are listed, unless all are
// asked for.
const flowsShown = 10

// Report writes what a proof came to, for a person: each FlowTest with the cases that
// do not hold, or with all, then the findings, then the sum.
func Report(w io.Writer, r policy.Report, each Detail) error {
	var b bytes.Buffer
	for i := range r.FlowTests {
		flowTestText(&b, &r.FlowTests[i], each)
	}
	if err := Text(&b, r.Findings); err != nil {
		return err
	}
	if i := r.Isolation; i != nil && len(i.Audited) > 0 {
		fmt.Fprintf(&b, "in Audit: %s\n", strings.Join(i.Audited, ", "))
	}
	if i := r.Isolation; i != nil && i.Declared.Total() > 0 {
		fmt.Fprintln(&b, i.Declared)
	}
	b.WriteString(sum(r) + "\n")
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func flowTestText(b *bytes.Buffer, t *policy.FlowTestResult, each Detail) {
	hold := 0
	for _, c := range t.Cases {
		if c.Holds {
			hold++
		}
	}
	fmt.Fprintf(b, "%s: %d of %s\n", t.Test, hold, verb(len(t.Cases), "case", "holds", "hold"))
	for i := range t.Cases {
		if c := &t.Cases[i]; !c.Holds || each == Lines {
			caseText(b, c, each)
		}
	}
}

func caseText(b *bytes.Buffer, c *policy.CaseResult, each Detail) {
	state := "ok"
	if !c.Holds {
		state = "FAILED"
	}
	fmt.Fprintf(b, "  %-6s  %s (expect %s)\n", state, c.Case.Name, c.Case.Expect)
	if c.Problem != "" {
		fmt.Fprintf(b, "          cannot be decided: %s\n", c.Problem)
	}
	listed := 0
	for i := range c.Flows {
		f := &c.Flows[i]
		switch {
		case f.Holds && each != Lines:
		case listed < flowsShown || each == Lines:
			fmt.Fprintf(b, "          %s\n", flowText(f))
			listed++
		default:
			listed++
		}
	}
	if listed > flowsShown && each != Lines {
		fmt.Fprintf(b, "          … and %d more, which --verbose lists\n", listed-flowsShown)
	}
}

// flowText is "a -> b:80/TCP is denied: egress allowed by x, ingress denied by
// default; asked for in Tenant/acme spec.egress[llm]".
func flowText(f *policy.FlowResult) string {
	v := f.Verdict
	text := fmt.Sprintf("%s %s: egress %s; ingress %s", f.Flow, is(v.Decision()), v.Egress, v.Ingress)
	if v.Note != "" {
		text += "; " + v.Note
	}
	if len(f.For) > 0 {
		text += "; asked for in " + strings.Join(f.For, ", ")
	}
	return text
}

func is(d policy.Decision) string {
	if d == policy.Depends {
		return "depends"
	}
	return "is " + string(d)
}

// sum is the last line, which begins with the outcome: what was inspected, and what came
// of it.
func sum(r policy.Report) string {
	parts := r.Lacking()
	switch r.Basis {
	case policy.FlowTestBasis:
		parts = append(parts, caseSum(r.FlowTests), "isolation not verified: no Tenant was given (--inputs)")
	case policy.TenantBasis:
		parts = append(parts, flowSum(r))
	}
	if i := r.Isolation; i != nil {
		parts = append(parts, i.String())
	}
	if c := r.Comparison; c != nil && r.Basis == policy.TenantBasis {
		parts = append(parts, fmt.Sprintf("%s as generated", ofAll(c.AsGenerated, c.Wanted, "policy", "policies")))
	}
	if errors := countErrors(r.Findings); errors > 0 {
		parts = append(parts, policy.Count(errors, "error"))
	}
	separator := ", "
	if r.Basis != policy.TenantBasis {
		separator = "; "
	}
	return string(r.Outcome()) + ": " + strings.Join(parts, separator)
}

// caseSum counts cases of FlowTests.
func caseSum(tests []policy.FlowTestResult) string {
	hold, all := 0, 0
	for _, t := range tests {
		for _, c := range t.Cases {
			all++
			if c.Holds {
				hold++
			}
		}
	}
	if all == 0 {
		return "no FlowTest was decided"
	}
	if hold == all {
		return policy.Count(all, "FlowTest case") + " as expected"
	}
	return fmt.Sprintf("%d of %s as expected", hold, policy.Count(all, "FlowTest case"))
}

// flowSum counts flows. FlowTests are decided before isolation is: without either, there may
// be some that were not decided.
func flowSum(r policy.Report) string {
	switch {
	case len(r.FlowTests) == 0 && r.Isolation == nil:
		return "no FlowTest decided"
	case len(r.FlowTests) == 0:
		return "no FlowTest"
	}
	hold, all := countFlows(r.FlowTests)
	return fmt.Sprintf("%d of %s", hold, verb(all, "flow", "holds", "hold"))
}

// countFlows counts a case that could not be decided as a flow.
func countFlows(tests []policy.FlowTestResult) (hold, all int) {
	for _, t := range tests {
		for _, c := range t.Cases {
			if len(c.Flows) == 0 {
				all++
			}
			for _, f := range c.Flows {
				all++
				if f.Holds {
					hold++
				}
			}
		}
	}
	return hold, all
}

func countErrors(findings policy.Findings) int {
	n := 0
	for _, f := range findings {
		if f.Severity == policy.Error {
			n++
		}
	}
	return n
}

// verb is "1 flow holds" and "2 flows hold".
func verb(n int, what, one, many string) string {
	if n == 1 {
		return policy.Count(n, what) + " " + one
	}
	return policy.Count(n, what) + " " + many
}

// ofAll is "38 policies", and "37 of 38 policies" where that is less.
func ofAll(n, all int, one, many string) string {
	what := many
	if all == 1 {
		what = one
	}
	if n == all {
		return fmt.Sprintf("%d %s", all, what)
	}
	return fmt.Sprintf("%d of %d %s", n, all, what)
}
