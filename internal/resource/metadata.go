package resource

import "sigs.k8s.io/kustomize/kyaml/yaml"

// These read the metadata of a resource as kyaml does. They are called for each resource many times, and
// kyaml copies the whole metadata for each of its answers.

func apiVersionOf(n *yaml.RNode) string { return valueAt(n, "apiVersion") }

func kindOf(n *yaml.RNode) string { return valueAt(n, "kind") }

func nameOf(n *yaml.RNode) string { return valueAt(n, "metadata", "name") }

func labelOf(n *yaml.RNode, key string) string { return valueAt(n, "metadata", "labels", key) }

// valueAt returns the value of a field, "" for one that does not exist or is no scalar.
func valueAt(n *yaml.RNode, fields ...string) string {
	if n.IsNil() {
		return ""
	}
	at := content(n.YNode())
	for _, field := range fields {
		at = child(at, field)
	}
	if at == nil || at.Kind != yaml.ScalarNode {
		return ""
	}
	return at.Value
}
