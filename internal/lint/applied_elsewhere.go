package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// appliers are the kinds whose controllers apply manifests from elsewhere: charts, folders, other builds.
var appliers = []kind{
	{"helm.toolkit.fluxcd.io", "HelmRelease"},
	{"kustomize.toolkit.fluxcd.io", "Kustomization"},
	{"helm.cattle.io", "HelmChart"},
	{"argoproj.io", "Application"},
	{"argoproj.io", "ApplicationSet"},
}

// appliedElsewhere names the resources that apply manifests which no build shows. A policy among these manifests
// may allow what nothing declares, also if the pods are declared as external resources.
func appliedElsewhere(items []*yaml.RNode) report.Findings {
	counts := map[string]int{}
	total := 0
	for _, n := range items {
		if k := (kind{resource.Group(n), n.GetKind()}); slices.Contains(appliers, k) {
			counts[k.String()]++
			total++
		}
	}
	if total == 0 {
		return nil
	}
	var kinds []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		kinds = append(kinds, fmt.Sprintf("%s: %d", k, counts[k]))
	}
	return report.Findings{report.New(report.AppliedElsewhereAssumed, report.Info, report.Ref{}, "", "%s whose manifests are not in the build (%s): assumed: none of these is a network policy: inflate charts in the build, or switch their policies off",
		report.Count(total, "resource"), strings.Join(kinds, ", "))}
}
