package report_test

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"
)

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
