package report_test

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"
)

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
