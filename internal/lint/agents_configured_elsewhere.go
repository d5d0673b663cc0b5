package lint

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// AgentsConfiguredElsewhere warns about a release of Cilium's chart. Its values configure the agents,
// and are not read.
func AgentsConfiguredElsewhere(f *policy.Fence, items []*yaml.RNode) report.Findings {
	if f.Cluster.CNI == v1alpha1.CNIKubernetes {
		return nil
	}
	var out report.Findings
	for _, n := range items {
		if at, ok := chartOf(n); ok {
			out = append(out, report.New(report.AgentConfigNotRead, report.Warning, resource.RefOf(n), at, "its values configure Cilium's agents and are not read, so the assumed settings may be wrong: state the resulting settings in cluster.ciliumConfig of the FenceProfile"))
		}
	}
	return out
}

// chartOf reports whether a controller installs Cilium's chart from a resource, and the field with
// the name of the chart.
func chartOf(n *yaml.RNode) (string, bool) {
	if !slices.Contains([]string{"HelmRelease", "Application", "HelmChart"}, n.GetKind()) {
		return "", false
	}
	for at, path := range map[string][]string{
		"spec.chart.spec.chart": {"spec", "chart", "spec", "chart"}, "spec.source.chart": {"spec", "source", "chart"},
		"spec.chart": {"spec", "chart"}, "spec.chartRef.name": {"spec", "chartRef", "name"},
	} {
		if chart, err := n.Pipe(yaml.Lookup(path...)); err == nil && chart != nil && chart.YNode().Value == "cilium" {
			return at, true
		}
	}
	return "", false
}
