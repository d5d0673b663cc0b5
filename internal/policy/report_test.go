package policy_test

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// "verified" requires a basis, every policy as generated, isolation, and no error.
func TestOutcome(t *testing.T) {
	t.Parallel()
	proved := func(change func(*policy.Report)) policy.Report {
		r := policy.Report{
			Basis: policy.TenantBasis, Isolation: &policy.Isolation{Namespaces: policy.IsolationCounts{Proved: 1}},
			Comparison: &policy.Comparison{Desired: 2, Matching: 2},
		}
		change(&r)
		return r
	}
	decided := policy.FlowTestResult{Cases: []policy.CaseResult{{Passed: true}}}
	for name, c := range map[string]struct {
		report policy.Report
		want   policy.Outcome
	}{
		"an empty report":                   {policy.Report{}, policy.NothingToVerify},
		"proved":                            {proved(func(*policy.Report) {}), policy.Verified},
		"with a warning":                    {proved(func(r *policy.Report) { r.Findings = report.Findings{{Severity: report.Warning}} }), policy.Verified},
		"with an error":                     {proved(func(r *policy.Report) { r.Findings = report.Findings{{Severity: report.Error}} }), policy.NotVerified},
		"with a case that failed":           {proved(func(r *policy.Report) { r.FlowTests = []policy.FlowTestResult{{Cases: make([]policy.CaseResult, 1)}} }), policy.NotVerified},
		"without isolation":                 {proved(func(r *policy.Report) { r.Isolation = nil }), policy.NotVerified},
		"without a comparison":              {proved(func(r *policy.Report) { r.Comparison = nil }), policy.NotVerified},
		"with a policy that differs":        {proved(func(r *policy.Report) { r.Comparison.Matching = 1 }), policy.NotVerified},
		"with an unproved part":             {proved(func(r *policy.Report) { r.Unproved = []string{"a stage"} }), policy.NotVerified},
		"without a basis":                   {proved(func(r *policy.Report) { r.Basis = "" }), policy.NothingToVerify},
		"FlowTests alone":                   {policy.Report{Basis: policy.FlowTestBasis, FlowTests: []policy.FlowTestResult{decided}}, policy.Verified},
		"FlowTests that were never decided": {policy.Report{Basis: policy.FlowTestBasis}, policy.NotVerified},
	} {
		if got := c.report.Outcome(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Namespaces in AllowOnly are never reported as isolated.
func TestIsolationSummary(t *testing.T) {
	t.Parallel()
	for want, i := range map[string]policy.IsolationCounts{
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
