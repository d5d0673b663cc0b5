package report_test

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"
)

func tenant(name string) report.Ref { return report.Ref{Kind: "Tenant", Name: name} }

func TestSortPutsCausesBeforeConsequences(t *testing.T) {
	t.Parallel()
	sorted := report.Findings{
		report.New(report.InvalidTenant, report.Error, tenant("z"), "", "unreadable"),
		report.New(report.ConsentMissing, report.Error, tenant("a"), "", "cause"),
		report.New(report.PodsNotFound, report.Error, tenant("b"), "", "cause"),
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
