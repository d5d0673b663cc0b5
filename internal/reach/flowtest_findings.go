package reach

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// FlowTestFindings report each case of a FlowTest that does not hold, and why.
func FlowTestFindings(result report.FlowTestResult) report.Findings {
	var out report.Findings
	for _, c := range result.Cases {
		at := field.NewPath("spec", "cases").Index(c.Position).String()
		switch {
		case c.Problem != "":
			out = append(out, report.New(report.FlowTestUndecided, report.Error, result.Test, at, "%q cannot be decided: %s", c.Case.Name, c.Problem))
		case !c.Passed:
			out = append(out, report.New(report.FlowTestFailed, report.Error, result.Test, at, "%s", failureMessage(c)))
		}
	}
	return out
}

// failureMessage describes the first flow of a case that is not as expected, and counts the others.
func failureMessage(c report.CaseResult) string {
	failed := slices.DeleteFunc(slices.Clone(c.Flows), func(f report.FlowResult) bool { return f.Passed })
	if len(failed) == 0 {
		return fmt.Sprintf("%q does not hold", c.Case.Name)
	}
	f := failed[0]
	decision := string(f.Verdict.Decision())
	if decision == string(flow.Depends) {
		decision = "allowed in some cases only"
	}
	why := []string{"egress " + f.Verdict.Egress.String(), "ingress " + f.Verdict.Ingress.String()}
	if len(f.DeclaredBy) > 0 {
		why = append(why, "declared by "+strings.Join(f.DeclaredBy, ", "))
	}
	text := fmt.Sprintf("%q: %s must be %s and is %s: %s%s", c.Case.Name, f.Flow, expectedDecision(c.Case), decision, strings.Join(why, "; "), noteSuffix(f.Verdict))
	if len(c.Flows) > 1 {
		text += fmt.Sprintf(" (%d of %d flows fail)", len(failed), len(c.Flows))
	}
	return text
}
