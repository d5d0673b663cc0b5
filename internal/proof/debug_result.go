package proof

import (
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"
)

// decideResult counts what a proof decided.
func decideResult(r report.Report) func() string {
	return func() string {
		cases := 0
		for _, t := range r.FlowTests {
			cases += len(t.Cases)
		}
		parts := []string{report.Count(cases, "FlowTest case")}
		if i := r.Isolation; i != nil {
			parts = append(parts, report.Count(i.Pods, "pod")+" (representative ones included)", report.Count(i.Nodes.Total(), "node"),
				report.Count(i.Openings, "opening"), report.Count(i.Declared.Total(), "declared flow"))
		}
		return strings.Join(append(parts, report.Count(len(r.Findings), "finding")), ", ")
	}
}
