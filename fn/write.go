package fn

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// refuseEmpty refuses to end a build with nothing that goes to the cluster: whoever
// applies it would remove all that there is. Where the host keeps files, those that
// stay are the output.
func refuseEmpty(in *resource.Inputs, before, after []*yaml.RNode) report.Findings {
	if resource.HostWritesFiles(before) || slices.ContainsFunc(after, goesToCluster) {
		return nil
	}
	return report.Findings{report.New(report.EmptyOutput, report.Error, in.FenceRef, "", "nothing is left in this build that goes to the cluster, neither a resource nor a policy, and whoever applies it would remove all that is there: list Tenants that need policies of these stages, or leave the layer out")}
}

func goesToCluster(n *yaml.RNode) bool {
	return resource.Group(n) != v1alpha1.Group && !resource.IsLocalConfig(n)
}

// write keeps this project's own kinds from the cluster, and marks them as seen where it is
// asked to.
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
		if err := n.PipeE(yaml.SetAnnotation(resource.AnnotationSeen, seen)); err != nil {
			return nil, fmt.Errorf("mark %s as seen: %w", resource.RefOf(n), err)
		}
	}
	return items, nil
}
