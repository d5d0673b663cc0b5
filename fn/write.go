package fn

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

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
