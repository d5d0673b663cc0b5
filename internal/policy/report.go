package policy

import (
	"slices"
	"strconv"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Report is what a proof came to.
type Report struct {
	// FlowTests, sorted by name.
	FlowTests []FlowTestResult
	// Isolation says how far isolation was looked into, nil where it was not.
	Isolation *Isolation
	// Comparison counts the policies that are as they were generated, nil where nothing
	// tells what was.
	Comparison *Comparison
	// Findings are what is wrong, and what must be known, sorted.
	Findings Findings
}

// Holds says whether nothing is wrong: no error among the findings, and every case of
// every FlowTest as expected.
func (r Report) Holds() bool {
	for _, t := range r.FlowTests {
		if !t.Holds() {
			return false
		}
	}
	return !r.Findings.HasError()
}

// FlowTestResult is a FlowTest, decided.
type FlowTestResult struct {
	Test  Ref
	Cases []CaseResult
}

// Holds says whether every case is as expected.
func (t FlowTestResult) Holds() bool {
	return !slices.ContainsFunc(t.Cases, func(c CaseResult) bool { return !c.Holds })
}

// CaseResult is a case of a FlowTest, decided.
type CaseResult struct {
	Case v1alpha1.FlowCase
	// Flows are the flows that the case stands for, and what became of each.
	Flows []FlowResult
	// Holds says whether every flow is as expected. One that depends never is.
	Holds bool
	// Problem says why the case could not be decided: then it does not hold.
	Problem string
}

// FlowResult is one flow, decided.
type FlowResult struct {
	Flow    Flow
	Verdict Verdict
	// Holds says whether the verdict is the expected one.
	Holds bool
	// For lists the fields behind the policies that decided: "Tenant/acme
	// spec.egress[llm]".
	For []string
}

// Isolation counts what was looked into.
type Isolation struct {
	Namespaces, Pods, Nodes, Openings int
	// Declared is how many declared flows were decided, at both of their ends.
	Declared int
	// Audited are the tenants and nodes in Audit, which were looked into as if they were
	// enforced.
	Audited []string
}

// Count is "1 flow", and "2 flows".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
