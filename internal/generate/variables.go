package generate

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// WithVariables are the items as Flux applies them: with the values of the fence's variables. The output
// keeps the references.
func WithVariables(items []*yaml.RNode, variables map[string]string) ([]*yaml.RNode, map[*yaml.RNode][]resource.Unsubstituted, error) {
	out, unknown := slices.Clone(items), map[*yaml.RNode][]resource.Unsubstituted{}
	for i, n := range items {
		if resource.Group(n) == v1alpha1.Group {
			continue
		}
		substituted, missing, err := resource.Substitute(n, variables)
		if err != nil {
			return nil, nil, err
		}
		if out[i] = substituted; len(missing) > 0 {
			unknown[substituted] = missing
		}
	}
	return out, unknown, nil
}
