package fn

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// refuseEmpty refuses a build without any resource for the cluster: applying it with pruning would delete
// everything. If the host keeps files, the remaining files are the output.
func refuseEmpty(in *resource.Inputs, before, after []*yaml.RNode) report.Findings {
	if resource.HostWritesFiles(before) || slices.ContainsFunc(after, goesToCluster) {
		return nil
	}
	return report.Findings{report.New(report.EmptyOutput, report.Error, in.FenceRef, "", "the build contains no resource for the cluster, so applying it with pruning would delete everything: list Tenants that need policies of these stages, or remove the layer")}
}

func goesToCluster(n *yaml.RNode) bool {
	return resource.Group(n) != v1alpha1.Group && !resource.IsLocalConfig(n)
}

// write marks this project's kinds as local-config, so that they do not reach the cluster, and as seen if
// a value is set.
func write(items []*yaml.RNode, seen string) ([]*yaml.RNode, error) {
	for _, n := range items {
		if resource.Group(n) != v1alpha1.Group {
			continue
		}
		if err := resource.MarkLocalConfig(n); err != nil {
			return nil, fmt.Errorf("mark %s as local: %w", resource.RefOf(n), err)
		}
		if seen == "" {
			continue
		}
		if err := n.PipeE(yaml.SetAnnotation(resource.AnnotationSeen, resource.SeenMark(seen, n))); err != nil {
			return nil, fmt.Errorf("mark %s as seen: %w", resource.RefOf(n), err)
		}
	}
	return items, nil
}
