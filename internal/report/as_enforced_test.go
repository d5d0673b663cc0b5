package report_test

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"
)

// TestAsEnforced holds what is in AllowOnly to Enforce, and leaves other reports as they are.
func TestAsEnforced(t *testing.T) {
	t.Parallel()
	compared := &report.Comparison{Desired: 1, Matching: 1}
	for name, c := range map[string]struct {
		isolation report.Isolation
		findings  report.Findings
		want      report.Outcome
		reasons   []string
	}{
		"isolated once enforced": {report.Isolation{Namespaces: report.IsolationCounts{Proved: 1, AllowOnly: 2}}, nil, report.Verified, nil},
		"a namespace that is open": {
			report.Isolation{Namespaces: report.IsolationCounts{Proved: 1, AllowOnlyOpen: 1}}, nil, report.NotVerified, []string{"what is in AllowOnly is not isolated once enforced"},
		},
		"nodes that are open": {
			report.Isolation{Nodes: report.IsolationCounts{AllowOnlyOpen: 1}}, nil, report.NotVerified, []string{"what is in AllowOnly is not isolated once enforced"},
		},
		"nothing generated": {
			report.Isolation{Namespaces: report.IsolationCounts{Proved: 1, Ungenerated: 1}}, nil, report.NotVerified, []string{"what is in AllowOnly is not isolated once enforced"},
		},
		"a denied flow": {
			report.Isolation{Declared: report.DeclaredFlows{Denied: []report.Reason{{Kind: "Tenant", Name: "a"}}}}, nil, report.NotVerified, []string{"a declared flow is denied or not decided once enforced"},
		},
		"an undecided flow": {
			report.Isolation{}, report.Findings{report.New(report.DeclaredFlowUndecided, report.Warning, report.Ref{}, "", "x")}, report.NotVerified, []string{"a declared flow is denied or not decided once enforced"},
		},
		"an error": {
			report.Isolation{Namespaces: report.IsolationCounts{AllowOnlyOpen: 1}}, report.Findings{report.New(report.UndeclaredOpen, report.Error, report.Ref{}, "", "x")}, report.NotVerified, nil,
		},
	} {
		r := report.Report{Basis: report.TenantBasis, Comparison: compared, Isolation: &c.isolation, Findings: c.findings}.AsEnforced()
		if r.Outcome() != c.want || !slices.Equal(r.UnverifiedReasons(), c.reasons) {
			t.Errorf("%s: got %s, %q, want %s, %q", name, r.Outcome(), r.UnverifiedReasons(), c.want, c.reasons)
		}
	}
}
