package proof

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// inMesh reports whether the cluster is part of a cluster mesh: its inputs name clusters, or an item
// refers to other clusters.
func inMesh(fence *policy.Fence, items []*yaml.RNode) bool {
	return fence.Mesh || slices.ContainsFunc(items, spansClusters)
}

// spansClusters reports whether an item is a global Service or a policy that selects by cluster.
func spansClusters(n *yaml.RNode) bool {
	if resource.IsPolicy(n) {
		return anyScalar(n.YNode(), func(s string) bool { return strings.Contains(s, "io.cilium.k8s.policy.cluster") })
	}
	return n.GetKind() == "Service" && resource.IsGlobal(n)
}

// matchesAnyCluster reports whether a selector without a cluster matches the pods of every cluster.
func matchesAnyCluster(fence *policy.Fence) bool {
	return fence.Cluster.CNI != v1alpha1.CNIKubernetes && !fence.Agent.Enabled(cilium.DefaultLocalCluster)
}

// unnamedCluster refuses a mesh in which generated policies cannot name this cluster.
func unnamedCluster(fence *policy.Fence, profile report.Ref, items []*yaml.RNode) report.Findings {
	if !matchesAnyCluster(fence) || fence.Cluster.Name != "" || !inMesh(fence, items) {
		return nil
	}
	return report.Findings{report.New(report.ClusterNameMissing, report.Error, profile, fence.Profile.Field+".cluster.name", "%s is false (the default before Cilium %s), so selectors match pods of every cluster in the mesh, and isolation is not proved: set the name of the cluster, as in its cilium-config", cilium.DefaultLocalCluster, cilium.LocalCluster.Introduced())}
}
