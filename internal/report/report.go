package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Report is the result of a proof.
type Report struct {
	// Subject is what the report is about. Nil: no Tenant or profile is known.
	Subject *Subject
	// Slice is the part of the fence that the report is about. Omitted: the whole fence.
	Slice Slice
	// FlowTests, sorted by name.
	FlowTests []FlowTestResult
	// Isolation is the result of the proof of isolation. Nil: isolation was not checked.
	Isolation *Isolation
	// Comparison counts the policies that are as generated. Nil: the desired policies are unknown.
	Comparison *Comparison
	// Findings are the problems and notices, sorted.
	Findings Findings
	// Assumptions are the configured or default settings of Cilium's agents. Empty: another
	// enforcer decides, or nothing was decided.
	Assumptions []cilium.Assumption
	// Agents is what each agent of Cilium must hold. Nil: it was not computed.
	Agents *AgentLoad
	// Basis is what the policies were compared with. Omitted: they were not compared.
	Basis Basis
	// Unproved are the reasons why something is not proved, or why the basis is missing.
	Unproved []string
}

// Passed reports whether no finding is an error, and every case of every FlowTest passed.
func (r Report) Passed() bool {
	for _, t := range r.FlowTests {
		if !t.Passed() {
			return false
		}
	}
	return !r.Findings.HasError()
}

// AsEnforced is the report for which tenants and nodes in AllowOnly have to be proved, as they are in Enforce. What
// is not proved of them is a reason for NotVerified.
func (r Report) AsEnforced() Report {
	switch i := r.Isolation; {
	case i == nil || !r.Passed() || r.Proved():
		return r
	case i.Namespaces.notIsolatedOnceEnforced()+i.Nodes.notIsolatedOnceEnforced() > 0:
		r.Unproved = append(slices.Clone(r.Unproved), "what is in AllowOnly is not isolated once enforced")
	default:
		r.Unproved = append(slices.Clone(r.Unproved), "a declared flow is denied or not decided once enforced")
	}
	return r
}

// Proved reports whether isolation was proved, and no declared flow is denied or undecided. It
// includes what is not enforced yet.
func (r Report) Proved() bool {
	i := r.Isolation
	if i == nil || !r.Passed() {
		return false
	}
	for _, of := range []IsolationCounts{i.Namespaces, i.Nodes} {
		if of.Open+of.notIsolatedOnceEnforced() > 0 {
			return false
		}
	}
	return len(i.Declared.Denied) == 0 && !slices.ContainsFunc(r.Findings, func(f Finding) bool {
		return f.Check == DeclaredFlowDenied || f.Check == DeclaredFlowUndecided
	})
}

// Basis is what finished policies are compared with.
type Basis string

// The bases. The zero value is no basis: labels alone are none, because any author of a policy can
// set them.
const (
	// TenantBasis means that Tenants, or the profile, declare the intent.
	TenantBasis Basis = "Tenants"
	// FlowTestBasis means that no Tenant is known, and FlowTests are decided.
	FlowTestBasis Basis = "FlowTests"
)

// Outcome is the result of a verification.
type Outcome string

// The outcomes. The last line of a report begins with one of them.
const (
	Verified Outcome = "verified"
	// VerifiedInPart is Verified for a slice, and claims nothing about the rest of the fence.
	VerifiedInPart  Outcome = "verified in part"
	NotVerified     Outcome = "not verified"
	NothingToVerify Outcome = "nothing to verify against"
)

// Passed reports whether everything that was to verify is verified: the whole fence, or the slice.
func (o Outcome) Passed() bool { return o == Verified || o == VerifiedInPart }

// Outcome is Verified only if no error was found and nothing was skipped. With Tenants, every
// policy is as generated and isolation was proved. Without Tenants, FlowTests were decided.
// VerifiedInPart is the same for a slice.
func (r Report) Outcome() Outcome {
	switch {
	case r.Basis == "":
		return NothingToVerify
	case !r.Passed() || len(r.UnverifiedReasons()) > 0:
		return NotVerified
	case !r.Slice.IsWhole():
		return VerifiedInPart
	}
	return Verified
}

// UnverifiedReasons returns the reasons for NotVerified other than findings and FlowTests.
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
	Test  Ref
	Cases []CaseResult
	// Omitted is the number of cases outside of the slice.
	Omitted int
}

// Passed reports whether every case passed.
func (t FlowTestResult) Passed() bool {
	return !slices.ContainsFunc(t.Cases, func(c CaseResult) bool { return !c.Passed })
}

// CaseResult is a case of a FlowTest, decided.
type CaseResult struct {
	Case v1alpha1.FlowCase
	// Position is that of the case in its FlowTest.
	Position int
	// Flows are the flows of the case with their results.
	Flows []FlowResult
	// Passed reports whether every flow has the expected result. A flow with the decision Depends
	// never has.
	Passed bool
	// Problem describes why the case could not be decided. Such a case does not pass.
	Problem string
}

// FlowResult is one flow, decided.
type FlowResult struct {
	Flow    flow.Flow
	Verdict flow.Verdict
	// Passed reports whether the verdict is as expected.
	Passed bool
	// DeclaredBy lists the fields that declare the deciding policies: "Tenant/acme
	// spec.egress[llm]".
	DeclaredBy []string
}

// Isolation counts what was checked.
type Isolation struct {
	Namespaces, Nodes IsolationCounts
	Pods, Openings    int
	// Declared are the declared flows.
	Declared DeclaredFlows
	// AllowOnlyOwners are the tenants and nodes in AllowOnly. They were decided as if they were
	// enforced.
	AllowOnlyOwners []string
	// Recalled is the number of tenants that a cache has. They were decided by an earlier proof.
	Recalled int
	// Unfenced is the number of namespaces with workloads that have no tenant and are not excluded.
	Unfenced int
	// Access lists what policies allow at pods and nodes. Nil: it was not requested.
	Access []Access
}

// IsolationCounts counts namespaces or nodes by their result.
type IsolationCounts struct {
	// Proved ones are enforced, and nothing undeclared is allowed at their pods.
	Proved int
	// InPart ones are enforced for selected pods alone, and nothing undeclared is allowed at these.
	// Other pods are not isolated.
	InPart int
	// Open ones are enforced, and something undeclared is allowed.
	Open int
	// AllowOnly ones are in AllowOnly. They deny nothing yet, and are isolated once enforced.
	AllowOnly int
	// AllowOnlyOpen ones are in AllowOnly, and are not isolated once enforced.
	AllowOnlyOpen int
	// AllowOnlyInPart ones are in AllowOnly, and their selected pods are isolated once enforced.
	AllowOnlyInPart int
	// Selected has the selectors of the pods that are fenced in namespaces in part, sorted.
	Selected []string
	// Ungenerated ones are in AllowOnly without generated policies, so nothing is proved.
	Ungenerated int
}

// notIsolatedOnceEnforced is the number of those in AllowOnly that are not proved.
func (i IsolationCounts) notIsolatedOnceEnforced() int { return i.AllowOnlyOpen + i.Ungenerated }

// Total is the number of namespaces or nodes.
func (i IsolationCounts) Total() int {
	return i.Proved + i.InPart + i.Open + i.AllowOnly + i.AllowOnlyInPart + i.AllowOnlyOpen + i.Ungenerated
}

// Summary is "2 namespaces isolated" or, where some are not,
// "5 namespaces: 3 isolated, 2 in AllowOnly (isolated once enforced)".
func (i IsolationCounts) Summary(what string) string {
	selected := ""
	if len(i.Selected) > 0 {
		selected = " (pods " + Brief(i.Selected) + ")"
	}
	switch i.Total() {
	case i.Proved:
		return Count(i.Proved, what) + " isolated"
	case i.InPart:
		return Count(i.InPart, what) + " isolated in part" + selected
	}
	text := fmt.Sprintf("%s: %d isolated", Count(i.Total(), what), i.Proved)
	for _, part := range []struct {
		n    int
		what string
	}{
		{i.InPart, "isolated in part" + selected},
		{i.Open, "not isolated"},
		{i.AllowOnly, "in AllowOnly (isolated once enforced)"},
		{i.AllowOnlyInPart, "in AllowOnly (isolated in part once enforced)"},
		{i.AllowOnlyOpen, "in AllowOnly (not isolated once enforced)"},
		{i.Ungenerated, "in AllowOnly (nothing is generated, nothing is proved)"},
	} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text
}

// RecalledText is "3 tenants from the cache". Without a tenant in the cache, it is empty.
func (i Isolation) RecalledText() string {
	if i.Recalled == 0 {
		return ""
	}
	return Count(i.Recalled, "tenant") + " from the cache"
}

// String describes the result for namespaces and, if any exist, for nodes.
func (i Isolation) String() string {
	text := i.Namespaces.Summary("namespace")
	if i.Nodes.Total() > 0 {
		text += ", " + i.Nodes.Summary("node")
	}
	return text
}

// Count is "1 flow", "2 flows" or "2 policies".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "policy"); ok {
		return strconv.Itoa(n) + " " + stem + "policies"
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// maxShown is the number of texts that Brief lists.
const maxShown = 3

// Brief lists the first texts, and counts the others.
func Brief(texts []string) string {
	out := strings.Join(texts[:min(maxShown, len(texts))], "; ")
	if more := len(texts) - maxShown; more > 0 {
		out += "; and " + strconv.Itoa(more) + " more"
	}
	return out
}
