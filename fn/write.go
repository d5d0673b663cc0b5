package fn

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// write keeps this project's own kinds from the cluster.
func write(items []*yaml.RNode) ([]*yaml.RNode, error) {
	for _, n := range items {
		if resource.Group(n) != v1alpha1.Group {
			continue
		}
		if err := resource.MarkLocal(n); err != nil {
			return nil, fmt.Errorf("mark %s as local: %w", resource.RefOf(n), err)
		}
	}
	return items, nil
}
