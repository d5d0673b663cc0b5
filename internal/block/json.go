package block

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// FromMap returns the node that kyaml has for a map, with sorted keys.
func FromMap(object map[string]any) (*yaml.Node, error) {
	var c converter
	out := c.node(object)
	return out, c.err
}

type converter struct{ err error }

func (c *converter) node(value any) *yaml.Node {
	switch v := value.(type) {
	case map[string]any:
		out := &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap, Style: flowIfEmpty(len(v)), Content: make([]*yaml.Node, 0, 2*len(v))}
		for _, key := range c.sorted(v) {
			out.Content = append(out.Content, c.node(key), c.node(v[key]))
		}
		return out
	case []any:
		out := &yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq, Style: flowIfEmpty(len(v)), Content: make([]*yaml.Node, 0, len(v))}
		for _, item := range v {
			out.Content = append(out.Content, c.node(item))
		}
		return out
	case string:
		if isWord(v) {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: v}
		}
		return c.scalar(v, len(v))
	}
	return c.scalar(value, 0)
}

func flowIfEmpty(n int) yaml.Style {
	if n == 0 {
		return yaml.FlowStyle
	}
	return 0
}

// scalars has nodes without comments and positions.
var scalars memory[any, foundScalar]

type foundScalar struct {
	node yaml.Node
	err  error
}

func (c *converter) scalar(value any, size int) *yaml.Node {
	found := scalars.of(value, size, func() foundScalar {
		n, err := reread(value)
		if err != nil {
			return foundScalar{err: err}
		}
		return foundScalar{node: yaml.Node{Kind: n.Kind, Tag: n.Tag, Style: n.Style, Value: n.Value}}
	})
	if found.err != nil {
		c.err = found.err
	}
	return &found.node
}

// orders has the order of keys, by the keys in the order of their bytes.
var orders memory[string, []string]

// sorted returns keys in the order in which YAML writes them.
func (c *converter) sorted(m map[string]any) []string {
	keys := slices.Sorted(maps.Keys(m))
	if len(keys) < 2 {
		return keys
	}
	joined := strings.Join(keys, "\x00")
	return orders.of(joined, 2*len(joined), func() []string {
		empty := make(map[string]any, len(keys))
		for _, key := range keys {
			empty[key] = nil
		}
		n, err := reread(empty)
		if err != nil || len(n.Content) != 2*len(keys) {
			c.err = fmt.Errorf("sort the fields %q: %w", keys, err)
			return keys
		}
		var out []string
		for i := 0; i < len(n.Content); i += 2 {
			out = append(out, n.Content[i].Value)
		}
		return out
	})
}

// reread writes a value as YAML and reads it, as kyaml's FromMap does.
func reread(value any) (*yaml.Node, error) {
	data, err := yaml.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("write as YAML: %w", err)
	}
	n, err := yaml.Parse(string(data))
	if err != nil {
		return nil, fmt.Errorf("read YAML: %w", err)
	}
	return n.YNode(), nil
}
