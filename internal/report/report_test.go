package report_test

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"
)

// "verified" requires a basis, every policy as generated, isolation, and no error.
func TestOutcome(t *testing.T) {
	t.Parallel()
	proved := func(change func(*report.Report)) report.Report {
		r := report.Report{
			Basis: report.TenantBasis, Isolation: &report.Isolation{Namespaces: report.IsolationCounts{Proved: 1}},
			Comparison: &report.Comparison{Desired: 2, Matching: 2},
		}
		change(&r)
		return r
	}
	decided := report.FlowTestResult{Cases: []report.CaseResult{{Passed: true}}}
	for name, c := range map[string]struct {
		report report.Report
		want   report.Outcome
	}{
		"an empty report":                   {report.Report{}, report.NothingToVerify},
		"proved":                            {proved(func(*report.Report) {}), report.Verified},
		"with a warning":                    {proved(func(r *report.Report) { r.Findings = report.Findings{{Severity: report.Warning}} }), report.Verified},
		"with an error":                     {proved(func(r *report.Report) { r.Findings = report.Findings{{Severity: report.Error}} }), report.NotVerified},
		"with a case that failed":           {proved(func(r *report.Report) { r.FlowTests = []report.FlowTestResult{{Cases: make([]report.CaseResult, 1)}} }), report.NotVerified},
		"without isolation":                 {proved(func(r *report.Report) { r.Isolation = nil }), report.NotVerified},
		"without a comparison":              {proved(func(r *report.Report) { r.Comparison = nil }), report.NotVerified},
		"with a policy that differs":        {proved(func(r *report.Report) { r.Comparison.Matching = 1 }), report.NotVerified},
		"with an unproved part":             {proved(func(r *report.Report) { r.Unproved = []string{"a stage"} }), report.NotVerified},
		"without a basis":                   {proved(func(r *report.Report) { r.Basis = "" }), report.NothingToVerify},
		"FlowTests alone":                   {report.Report{Basis: report.FlowTestBasis, FlowTests: []report.FlowTestResult{decided}}, report.Verified},
		"FlowTests that were never decided": {report.Report{Basis: report.FlowTestBasis}, report.NotVerified},
	} {
		if got := c.report.Outcome(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Namespaces in AllowOnly are never reported as isolated.
func TestIsolationSummary(t *testing.T) {
	t.Parallel()
	for want, i := range map[string]report.IsolationCounts{
		"1 namespace isolated":  {Proved: 1},
		"2 namespaces isolated": {Proved: 2},
		"5 namespaces: 3 isolated, 2 in AllowOnly (isolated once enforced)":                  {Proved: 3, AllowOnly: 2},
		"5 namespaces: 0 isolated, 5 in AllowOnly (isolated once enforced)":                  {AllowOnly: 5},
		"2 namespaces: 1 isolated, 1 not isolated":                                           {Proved: 1, Open: 1},
		"1 namespace: 0 isolated, 1 in AllowOnly (not isolated once enforced)":               {AllowOnlyOpen: 1},
		"3 namespaces: 1 isolated, 2 in AllowOnly (nothing is generated, nothing is proved)": {Proved: 1, Ungenerated: 2},
		"2 namespaces: 0 isolated, 1 not isolated, 1 in AllowOnly (isolated once enforced)":  {Open: 1, AllowOnly: 1},
	} {
		if got := i.Summary("namespace"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
