package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

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
	Findings report.Findings
	// Assumptions are how Cilium's agents are configured, as stated or by default. None: another
	// enforcer decides, or nothing was decided.
	Assumptions []Assumption
	// Basis is what the policies were compared with. Omitted: nothing.
	Basis Basis
	// Unproved are the reasons why something is not proved, or why there is no basis.
	Unproved []string
}

// Passed says whether nothing is wrong: no error among the findings, and every case of
// every FlowTest as expected.
func (r Report) Passed() bool {
	for _, t := range r.FlowTests {
		if !t.Passed() {
			return false
		}
	}
	return !r.Findings.HasError()
}

// Proved reports whether isolation was proved, and nothing that is declared is denied or
// undecided, also of what is not enforced yet.
func (r Report) Proved() bool {
	i := r.Isolation
	if i == nil || !r.Passed() {
		return false
	}
	for _, of := range []IsolationCounts{i.Namespaces, i.Nodes} {
		if of.Open+of.AllowOnlyOpen+of.Ungenerated > 0 {
			return false
		}
	}
	return len(i.Declared.Denied) == 0 && !slices.ContainsFunc(r.Findings, func(f report.Finding) bool {
		return f.Check == report.DeclaredFlowDenied || f.Check == report.DeclaredFlowUndecided
	})
}

// Basis is what finished policies are compared with.
type Basis string

// The bases. The zero value is none: labels alone are no basis, since everyone who writes a
// policy writes its labels.
const (
	// TenantBasis: Tenants, or the profile, declare the intent.
	TenantBasis Basis = "Tenants"
	// FlowTestBasis: no Tenant is known, and FlowTests are decided.
	FlowTestBasis Basis = "FlowTests"
)

// Outcome is what a verification comes to.
type Outcome string

// The outcomes, which begin the last line of a report.
const (
	Verified        Outcome = "verified"
	NotVerified     Outcome = "not verified"
	NothingToVerify Outcome = "nothing to verify against"
)

// Outcome is Verified only where nothing is wrong and nothing was left out: with Tenants,
// every policy is as generated and isolation was proved; without, FlowTests were decided.
func (r Report) Outcome() Outcome {
	switch {
	case r.Basis == "":
		return NothingToVerify
	case !r.Passed() || len(r.UnverifiedReasons()) > 0:
		return NotVerified
	}
	return Verified
}

// UnverifiedReasons are the reasons why this is not verified, beside its findings and FlowTests.
func (r Report) UnverifiedReasons() []string {
	switch c := r.Comparison; {
	case len(r.Unproved) > 0:
		return r.Unproved
	case r.Basis == FlowTestBasis && len(r.FlowTests) == 0 && r.Passed():
		return []string{"no FlowTest was decided"}
	case r.Basis != TenantBasis || !r.Passed():
		// A finding is the reason.
		return nil
	case c == nil || c.Matching < c.Desired:
		return []string{"policies were not compared with those that are generated"}
	case r.Isolation == nil:
		return []string{"isolation was not proved"}
	}
	return nil
}

// FlowTestResult is a FlowTest, decided.
type FlowTestResult struct {
	Test  report.Ref
	Cases []CaseResult
}

// Passed says whether every case is as expected.
func (t FlowTestResult) Passed() bool {
	return !slices.ContainsFunc(t.Cases, func(c CaseResult) bool { return !c.Passed })
}

// CaseResult is a case of a FlowTest, decided.
type CaseResult struct {
	Case v1alpha1.FlowCase
	// Flows are the flows that the case stands for, and what became of each.
	Flows []FlowResult
	// Passed says whether every flow is as expected. One that depends never is.
	Passed bool
	// Problem says why the case could not be decided: then it does not hold.
	Problem string
}

// FlowResult is one flow, decided.
type FlowResult struct {
	Flow    Flow
	Verdict Verdict
	// Passed says whether the verdict is the expected one.
	Passed bool
	// DeclaredBy lists the fields behind the policies that decided: "Tenant/acme
	// spec.egress[llm]".
	DeclaredBy []string
}

// Isolation counts what was inspected.
type Isolation struct {
	Namespaces, Nodes IsolationCounts
	Pods, Openings    int
	// Declared are the declared flows.
	Declared DeclaredFlows
	// AllowOnlyOwners are the tenants and nodes in AllowOnly, which were decided as if they were
	// enforced.
	AllowOnlyOwners []string
}

// IsolationCounts counts namespaces or nodes by what was proved of them.
type IsolationCounts struct {
	// Proved are enforced, and nothing undeclared is allowed at their pods.
	Proved int
	// Open are enforced, and something undeclared is allowed.
	Open int
	// AllowOnly are in AllowOnly: they deny nothing yet, and are isolated once they are enforced.
	AllowOnly int
	// AllowOnlyOpen are in AllowOnly, and are not isolated once they are enforced.
	AllowOnlyOpen int
	// Ungenerated are in AllowOnly, where nothing is generated, so that nothing is proved.
	Ungenerated int
}

// Total is how many there are.
func (i IsolationCounts) Total() int {
	return i.Proved + i.Open + i.AllowOnly + i.AllowOnlyOpen + i.Ungenerated
}

// Summary is "2 namespaces isolated" or, where some are not,
// "5 namespaces: 3 isolated, 2 in AllowOnly (isolated once enforced)".
func (i IsolationCounts) Summary(what string) string {
	if i.Proved == i.Total() {
		return Count(i.Proved, what) + " isolated"
	}
	text := fmt.Sprintf("%s: %d isolated", Count(i.Total(), what), i.Proved)
	for _, part := range []struct {
		n    int
		what string
	}{
		{i.Open, "not isolated"},
		{i.AllowOnly, "in AllowOnly (isolated once enforced)"},
		{i.AllowOnlyOpen, "in AllowOnly (not isolated once enforced)"},
		{i.Ungenerated, "in AllowOnly (nothing is generated, nothing is proved)"},
	} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text
}

// String is what was proved of namespaces and, where there are any, of nodes.
func (i Isolation) String() string {
	text := i.Namespaces.Summary("namespace")
	if i.Nodes.Total() > 0 {
		text += ", " + i.Nodes.Summary("node")
	}
	return text
}

// Count is "1 flow", and "2 flows".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// maxShown is how many texts Brief lists.
const maxShown = 3

// Brief lists the first of some texts, and counts the others.
func Brief(texts []string) string {
	out := strings.Join(texts[:min(maxShown, len(texts))], "; ")
	if more := len(texts) - maxShown; more > 0 {
		out += "; and " + strconv.Itoa(more) + " more"
	}
	return out
}
