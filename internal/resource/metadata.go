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

// head has what identifies a resource.
type head struct{ apiVersion, kind, namespace, name string }

// headOf reads the same values as the functions above, in one pass.
func headOf(n *yaml.RNode) head {
	if n.IsNil() {
		return head{}
	}
	top := children(content(n.YNode()), "apiVersion", "kind", "metadata")
	below := children(top[2], "namespace", "name")
	value := func(n *yaml.Node) string {
		if n == nil || n.Kind != yaml.ScalarNode {
			return ""
		}
		return n.Value
	}
	return head{apiVersion: value(top[0]), kind: value(top[1]), namespace: value(below[0]), name: value(below[1])}
}

// children returns what child does for up to three fields.
func children(n *yaml.Node, fields ...string) (out [3]*yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return out
	}
	var found [3]bool
	for i, left := 0, len(fields); i+1 < len(n.Content) && left > 0; i += 2 {
		for j, field := range fields {
			if !found[j] && n.Content[i].Value == field {
				out[j], found[j] = content(n.Content[i+1]), true
				left--
			}
		}
	}
	return out
}
