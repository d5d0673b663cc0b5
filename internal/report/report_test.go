package report_test

import (
	"slices"
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
		"an empty report": {report.Report{}, report.NothingToVerify},
		"proved":          {proved(func(*report.Report) {}), report.Verified},
		"a slice":         {proved(func(r *report.Report) { r.Slice = report.TenantSlice("acme") }), report.VerifiedInPart},
		"a slice with an error": {proved(func(r *report.Report) {
			r.Slice, r.Findings = report.TenantSlice("acme"), report.Findings{{Severity: report.Error}}
		}), report.NotVerified},
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

func TestDeclaredFlowsString(t *testing.T) {
	t.Parallel()
	flow := func(name string) report.Reason {
		return report.Reason{Kind: "Tenant", Name: "acme", Field: "spec.egress[" + name + "]"}
	}
	d := report.DeclaredFlows{
		Allowed: 2, PartlyAllowed: []report.Reason{flow("a")}, Denied: []report.Reason{flow("b")},
		WithoutEffect: []report.Reason{flow("c"), flow("d"), flow("e"), flow("f")}, Undecided: []report.Reason{flow("g")},
	}
	want := "9 declared flows: 2 allowed on both sides, 1 allowed in part (Tenant/acme spec.egress[a]), 1 denied (Tenant/acme spec.egress[b]), " +
		"4 without effect (Tenant/acme spec.egress[c]; Tenant/acme spec.egress[d]; Tenant/acme spec.egress[e]; and 1 more), 1 undecided (Tenant/acme spec.egress[g])"
	if got := d.String(); got != want || d.Total() != 9 {
		t.Errorf("%d: got  %s\nwant %s", d.Total(), got, want)
	}
	if got := (report.DeclaredFlows{Allowed: 1}).String(); got != "1 declared flow allowed on both sides" {
		t.Error(got)
	}
}

func TestChangesOfTwoRunsListAResourceOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ first, later, want report.Action }{
		{report.Created, report.Unchanged, report.Created},
		{report.Created, report.Configured, report.Created},
		{report.Created, report.Deleted, ""},
		{report.Configured, report.Unchanged, report.Configured},
		{report.Configured, report.Deleted, report.Deleted},
		{report.Unchanged, report.Configured, report.Configured},
		{report.Deleted, report.Created, report.Configured},
	} {
		same, other := tenant("same"), tenant("other")
		got := report.Changes{{Action: c.first, Ref: same}}.Then(report.Changes{{Action: c.later, Ref: same}, {Action: report.Created, Ref: other}})
		want := report.Changes{{Action: c.want, Ref: same}, {Action: report.Created, Ref: other}}
		if c.want == "" {
			want = want[1:]
		}
		if len(got) != len(want) || got[0] != want[0] || got[len(got)-1] != want[len(want)-1] {
			t.Errorf("%s, then %s: got %v, want %v", c.first, c.later, got, want)
		}
	}
}

func tenant(name string) report.Ref { return report.Ref{Kind: "Tenant", Name: name} }

func TestSortPutsCausesBeforeConsequences(t *testing.T) {
	t.Parallel()
	sorted := report.Findings{
		report.New(report.InvalidTenant, report.Error, tenant("z"), "", "unreadable"),
		report.New(report.PeerNotInBuild, report.Error, tenant("b"), "", "cause"),
		report.New(report.PodsNotFound, report.Error, tenant("b"), "", "cause"),
		report.New(report.ConsentMissing, report.Error, tenant("a"), "", "disagreement"),
		report.New(report.UndeclaredOpen, report.Error, tenant("a"), "", "exposure"),
		report.New(report.NotIsolated, report.Error, tenant("b"), "", "exposure"),
		report.New(report.DeclaredFlowDenied, report.Error, tenant("c"), "", "exposure"),
		report.New(report.FlowTestFailed, report.Error, tenant("a"), "", "consequence"),
		report.New(report.UndeclaredOneSided, report.Error, tenant("a"), "", "one-sided"),
		report.New(report.UndeclaredOpen, report.Warning, tenant("a"), "", "exposure"),
		report.New(report.UndeclaredOneSided, report.Warning, tenant("a"), "", "one-sided"),
		report.New(report.DNSNamesUnrestricted, report.Info, tenant("z"), "", "cause"),
		report.New(report.AgentSettingsAssumed, report.Info, tenant("a"), "", "assumption"),
		report.New(report.Proved, report.Info, tenant("a"), "", "outcome"),
	}
	reversed := slices.Clone(sorted)
	slices.Reverse(reversed)
	got := append(reversed, sorted...).Sort()
	if !slices.EqualFunc(got, sorted, report.Finding.Equal) {
		t.Errorf("got %v\nwant %v", got, sorted)
	}
}

func TestSortKeepsFindingsThatDifferInDetails(t *testing.T) {
	t.Parallel()
	one := report.New(report.UndeclaredOpen, report.Error, tenant("a"), "", "exposed")
	other := one
	other.Details = []string{"a -> b"}
	if got := (report.Findings{one, other, one}).Sort(); len(got) != 2 {
		t.Errorf("got %d findings, want 2: %v", len(got), got)
	}
}

func TestCountsNameErrorsAndWarnings(t *testing.T) {
	t.Parallel()
	f := func(s report.Severity) report.Finding {
		return report.New(report.UndeclaredOpen, s, tenant("a"), "", "exposed")
	}
	for want, findings := range map[string]report.Findings{
		"":                    {f(report.Info)},
		"1 error":             {f(report.Error), f(report.Info)},
		"2 errors, 1 warning": {f(report.Error), f(report.Warning), f(report.Error)},
		"2 warnings":          {f(report.Warning), f(report.Warning)},
	} {
		if got := findings.Counts().String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPositionIsPartOfTheLine(t *testing.T) {
	t.Parallel()
	f := report.New(report.PodsNotFound, report.Error, report.Ref{Kind: "Tenant", Name: "acme", File: "tenants.yaml"}, "spec.ingress[0]", "no pod")
	f.Line, f.Column = 12, 7
	if want := "error: tenants.yaml:12:7: Tenant/acme: spec.ingress[0]: no pod [pods-not-found]"; f.String() != want {
		t.Errorf("got %s, want %s", f, want)
	}
	f.Resource.File = ""
	if want := "error: Tenant/acme: spec.ingress[0]: no pod [pods-not-found]"; f.String() != want {
		t.Errorf("got %s, want %s", f, want)
	}
}
