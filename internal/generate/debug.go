package generate

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

// Report calls a Debug, if it is set.
func (d Debug) Report(step string, result func() string) {
	if d != nil {
		d(step, result())
	}
}

// ReadResult counts resources by kind, and the files that hold them.
func ReadResult(items []*yaml.RNode) func() string {
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
func (w Desired) resolveResult() string {
	namespaces := 0
	for _, t := range w.Fence.Tenants() {
		namespaces += len(t.Namespaces)
	}
	return fmt.Sprintf("%s, %s, %s, %s, %s", report.Count(len(w.Fence.Tenants()), "Tenant"), report.Count(namespaces, "namespace"),
		report.Count(len(w.Fence.Nodes()), "node selector"), report.Count(len(w.Fence.Flows), "declared flow"), report.Count(len(w.Fence.Grants), "grant"))
}

// renderResult counts policies by stage.
func (w Desired) renderResult() string {
	stages := map[string]int{}
	for _, g := range w.Policies {
		stages[string(g.Stage)]++
	}
	return report.Count(len(w.Policies), "policy") + ": " + countsText(stages)
}

// countsText is "Allow 3, Baseline 2".
func countsText(counts map[string]int) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(out, ", ")
}
