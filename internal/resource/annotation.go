package resource

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// annotation returns the value of an annotation that occurs exactly once, or "". It accepts a
// resource with duplicate keys, or with metadata that is no mapping.
func annotation(n *yaml.RNode, key string) string {
	values := annotationValues(n, key)
	if len(values) != 1 || values[0].Kind != yaml.ScalarNode {
		return ""
	}
	return values[0].Value
}

func hasAnnotation(n *yaml.RNode, key string) bool { return len(annotationValues(n, key)) > 0 }

func annotationValues(n *yaml.RNode, key string) []*yaml.Node {
	var values []*yaml.Node
	for _, m := range mappings(n, "metadata", "annotations") {
		for i := 0; i+1 < len(m.Content); i += 2 {
			if m.Content[i].Value == key {
				values = append(values, m.Content[i+1])
			}
		}
	}
	return values
}

// clearAnnotation removes every occurrence of an annotation, and annotations if it becomes empty.
func clearAnnotation(n *yaml.RNode, key string) {
	for _, metadata := range mappings(n, "metadata") {
		for i := 0; i+1 < len(metadata.Content); {
			m := metadata.Content[i+1]
			if metadata.Content[i].Value != "annotations" || m.Kind != yaml.MappingNode || !removeKey(m, key) || len(m.Content) > 0 {
				i += 2
				continue
			}
			metadata.Content = slices.Delete(metadata.Content, i, i+2)
		}
	}
}

func removeKey(m *yaml.Node, key string) bool {
	before := len(m.Content)
	for i := 0; i+1 < len(m.Content); {
		if m.Content[i].Value != key {
			i += 2
			continue
		}
		m.Content = slices.Delete(m.Content, i, i+2)
	}
	return len(m.Content) < before
}

// mappings returns the mappings at a path: several if a key is duplicated.
func mappings(n *yaml.RNode, path ...string) []*yaml.Node {
	if n.IsNil() || n.YNode().Kind != yaml.MappingNode {
		return nil
	}
	found := []*yaml.Node{n.YNode()}
	for _, key := range path {
		var next []*yaml.Node
		for _, m := range found {
			for i := 0; i+1 < len(m.Content); i += 2 {
				if m.Content[i].Value == key && m.Content[i+1].Kind == yaml.MappingNode {
					next = append(next, m.Content[i+1])
				}
			}
		}
		found = next
	}
	return found
}
