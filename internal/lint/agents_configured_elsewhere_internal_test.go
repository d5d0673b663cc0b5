package lint

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// TestCiliumChartIsReported checks the resources with which controllers install Cilium's chart.
func TestCiliumChartIsReported(t *testing.T) {
	t.Parallel()
	for doc, reported := range map[string]bool{
		`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: cilium}, spec: {chart: {spec: {chart: cilium}}, values: {policyEnforcementMode: never}}}`: true,
		`{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: cni}, spec: {source: {chart: cilium}}}`:                                                        true,
		`{apiVersion: helm.cattle.io/v1, kind: HelmChart, metadata: {name: cni}, spec: {chart: cilium}}`:                                                                       true,
		`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: redis}, spec: {chart: {spec: {chart: redis}}}}`:                                           false,
	} {
		found := AgentsConfiguredElsewhere(&policy.Fence{}, []*yaml.RNode{yaml.MustParse(doc)})
		if (len(found) == 1) != reported {
			t.Errorf("%s: %v", doc, found)
		}
	}
}
