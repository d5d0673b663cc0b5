package position

import (
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// field is the node of a field of a resource: the key of a mapping, or the element of a sequence.
// Where it is missing it is the nearest parent.
func field(resource *yaml.Node, path string) *yaml.Node {
	at, n := resource, resource
	for _, step := range steps(path) {
		key, child := child(n, step)
		if child == nil {
			return at
		}
		at, n = key, child
	}
	return at
}

// steps splits a path, "spec.egress[0].to[llm]": spec, egress, 0, to, llm.
func steps(path string) []string {
	var out []string
	for path != "" {
		switch path[0] {
		case '.':
			path = path[1:]
		case '[':
			step, rest, _ := strings.Cut(path[1:], "]")
			out, path = append(out, step), rest
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			out, path = append(out, path[:end]), path[end:]
		}
	}
	return out
}

func child(n *yaml.Node, step string) (at, child *yaml.Node) {
	n = resolve(n)
	switch {
	case n == nil:
		return nil, nil
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i], n.Content[i+1]
			}
		}
	case n.Kind == yaml.SequenceNode:
		e := element(n.Content, step)
		return e, e
	}
	return nil, nil
}

// element is the element of an index, a name or a value.
func element(elements []*yaml.Node, step string) *yaml.Node {
	if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(elements) {
		return elements[i]
	}
	for _, e := range elements {
		if scalar(e, "name") == step || e.Kind == yaml.ScalarNode && e.Value == step {
			return e
		}
	}
	return nil
}

func value(n *yaml.Node, key string) *yaml.Node {
	if n = resolve(n); n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	_, v := child(n, key)
	return resolve(v)
}

func scalar(n *yaml.Node, key string) string {
	if v := value(n, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
