package resource

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// HasKey reports whether a value has one of some keys at any depth.
func HasKey(n *yaml.Node, keys ...string) bool {
	if n == nil {
		return false
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && slices.Contains(keys, child.Value) || HasKey(child, keys...) {
			return true
		}
	}
	return HasKey(n.Alias, keys...)
}
