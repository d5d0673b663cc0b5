package fn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Debug receives each step of a run when it ends, and its result. A nil Debug costs nothing.
type Debug func(step, result string)

// report calls a Debug, if it is set.
func (d Debug) report(step string, result func() string) {
	if d != nil {
		d(step, result())
	}
}

// readResult counts resources by kind, and the files that hold them.
func readResult(items []*yaml.RNode) func() string {
	return func() string {
		files, kinds := map[string]bool{}, map[string]int{}
		for _, n := range items {
			kinds[n.GetKind()]++
			if file := resource.SourceOf(n).File; file != "" {
				files[file] = true
			}
		}
		return fmt.Sprintf("%s from %s: %s", report.Count(len(items), "resource"), report.Count(len(files), "known file"), countsText(kinds))
	}
}

// resolveResult counts what a fence isolates.
func (w desiredState) resolveResult() string {
	namespaces := 0
	for _, t := range w.fence.Tenants {
		namespaces += len(t.Namespaces)
	}
	return fmt.Sprintf("%s, %s, %s, %s, %s", report.Count(len(w.fence.Tenants), "Tenant"), report.Count(namespaces, "namespace"),
		report.Count(len(w.fence.Nodes), "node selector"), report.Count(len(w.fence.Flows), "declared flow"), report.Count(len(w.fence.Grants), "grant"))
}

// renderResult counts policies by stage.
func (w desiredState) renderResult() string {
	stages := map[string]int{}
	for _, n := range w.policies {
		stages[n.GetLabels()[resource.LabelStage]]++
	}
	return policiesText(len(w.policies)) + ": " + countsText(stages)
}

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

func policiesText(n int) string {
	if n == 1 {
		return "1 policy"
	}
	return fmt.Sprintf("%d policies", n)
}

// countsText is "Allow 3, Baseline 2".
func countsText(counts map[string]int) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(out, ", ")
}
