package kustomize

import (
	yamlv2 "go.yaml.in/yaml/v2"
	"sigs.k8s.io/kustomize/api/resource"

	"github.com/tenantfence/tenantfence/internal/block"
)

// asYAML returns a resource as kustomize writes it. kustomize writes YAML, reads it, writes JSON, reads it
// and writes YAML. Here the values are written at once, unless their notation may change on that way.
func asYAML(r *resource.Resource) ([]byte, error) {
	if value, ok := block.Value(r.YNode()); ok {
		return yamlv2.Marshal(value)
	}
	return r.AsYAML()
}
