package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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
	// Assumptions are how Cilium's agents are configured, as stated or by default. None: another
	// enforcer decides, or nothing was decided.
	Assumptions []Assumption
	// Basis is what the policies were compared with. Omitted: nothing.
	Basis Basis
	// Unproved are the reasons why something is not proved, or why there is no basis.
	Unproved []string
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

// Proved reports whether isolation was proved, and nothing that is declared is denied or
// undecided, also of what is not enforced yet.
func (r Report) Proved() bool {
	i := r.Isolation
	if i == nil || !r.Holds() {
		return false
	}
	for _, of := range []Isolated{i.Namespaces, i.Nodes} {
		if of.Open+of.AuditOpen+of.Ungenerated > 0 {
			return false
		}
	}
	return len(i.Declared.Denied) == 0 && !slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return f.Check == "declared-flow-denied" || f.Check == "declared-flow-undecided"
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
	case !r.Holds() || len(r.Lacking()) > 0:
		return NotVerified
	}
	return Verified
}

// Lacking are the reasons why this is not verified, beside its findings and FlowTests.
func (r Report) Lacking() []string {
	switch c := r.Comparison; {
	case len(r.Unproved) > 0:
		return r.Unproved
	case r.Basis == FlowTestBasis && len(r.FlowTests) == 0 && r.Holds():
		return []string{"no FlowTest was decided"}
	case r.Basis != TenantBasis || !r.Holds():
		// A finding is the reason.
		return nil
	case c == nil || c.AsGenerated < c.Wanted:
		return []string{"policies were not compared with those that are generated"}
	case r.Isolation == nil:
		return []string{"isolation was not proved"}
	}
	return nil
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

// Isolation counts what was inspected.
type Isolation struct {
	Namespaces, Nodes Isolated
	Pods, Openings    int
	// Declared are the declared flows.
	Declared DeclaredFlows
	// Audited are the tenants and nodes in Audit, which were decided as if they were
	// enforced.
	Audited []string
}

// Isolated counts namespaces or nodes by what was proved of them.
type Isolated struct {
	// Proved are enforced, and nothing undeclared is allowed at their pods.
	Proved int
	// Open are enforced, and something undeclared is allowed.
	Open int
	// Audit are in Audit: they deny nothing yet, and are isolated once they are enforced.
	Audit int
	// AuditOpen are in Audit, and are not isolated once they are enforced.
	AuditOpen int
	// Ungenerated are in Audit, where nothing is generated, so that nothing is proved.
	Ungenerated int
}

// Total is how many there are.
func (i Isolated) Total() int {
	return i.Proved + i.Open + i.Audit + i.AuditOpen + i.Ungenerated
}

// Of is "2 namespaces isolated" or, where some are not,
// "5 namespaces: 3 isolated, 2 in Audit (isolated once enforced)".
func (i Isolated) Of(what string) string {
	if i.Proved == i.Total() {
		return Count(i.Proved, what) + " isolated"
	}
	text := fmt.Sprintf("%s: %d isolated", Count(i.Total(), what), i.Proved)
	for _, part := range []struct {
		n    int
		what string
	}{
		{i.Open, "not isolated"},
		{i.Audit, "in Audit (isolated once enforced)"},
		{i.AuditOpen, "in Audit (not isolated once enforced)"},
		{i.Ungenerated, "in Audit (nothing is generated, nothing is proved)"},
	} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text
}

// String is what was proved of namespaces and, where there are any, of nodes.
func (i Isolation) String() string {
	text := i.Namespaces.Of("namespace")
	if i.Nodes.Total() > 0 {
		text += ", " + i.Nodes.Of("node")
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

// shown is how many texts Brief lists.
const shown = 3

// Brief lists the first of some texts, and counts the others.
func Brief(texts []string) string {
	out := strings.Join(texts[:min(shown, len(texts))], "; ")
	if more := len(texts) - shown; more > 0 {
		out += "; and " + strconv.Itoa(more) + " more"
	}
	return out
}
