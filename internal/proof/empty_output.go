package proof

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// refuseEmpty refuses a build without any resource for the cluster: applying it with pruning would delete
// everything. If the host keeps files, the remaining files are the output.
func refuseEmpty(in *resource.Inputs, before []*yaml.RNode, after merge.Result) report.Findings {
	if resource.HostWritesFiles(before) || len(after.Created) > 0 || slices.ContainsFunc(after.Existing, goesToCluster) {
		return nil
	}
	return report.Findings{report.New(report.EmptyOutput, report.Error, in.FenceRef, "", "the build contains no resource for the cluster, so applying it with pruning would delete everything: list Tenants that need policies of these stages, or remove the layer")}
}

func goesToCluster(n *yaml.RNode) bool {
	return resource.Group(n) != v1alpha1.Group && !resource.IsLocalConfig(n)
}
