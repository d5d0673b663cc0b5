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
	c := newConverter(object)
	out := c.node(object)
	return out, c.err
}

// converter makes the nodes of a map. They are in one array, because a fence has millions.
type converter struct {
	nodes []yaml.Node
	// content has what the nodes contain.
	content []*yaml.Node
	err     error
}

func newConverter(value any) *converter {
	nodes, content := sizeOf(value)
	return &converter{nodes: make([]yaml.Node, 0, nodes), content: make([]*yaml.Node, 0, content)}
}

// sizeOf counts the nodes of a value without its keys, and what they contain.
func sizeOf(value any) (nodes, content int) {
	nodes = 1
	add := func(inside any, width int) {
		n, c := sizeOf(inside)
		nodes, content = nodes+n, content+c+width
	}
	switch v := value.(type) {
	case map[string]any:
		for _, inside := range v {
			add(inside, 2)
		}
	case []any:
		for _, inside := range v {
			add(inside, 1)
		}
	}
	return nodes, content
}

// add keeps a node.
func (c *converter) add(n yaml.Node) *yaml.Node {
	c.nodes = append(c.nodes, n)
	return &c.nodes[len(c.nodes)-1]
}

// slots is a list of nodes of a fixed length.
func (c *converter) slots(length int) []*yaml.Node {
	from, to := len(c.content), len(c.content)+length
	c.content = c.content[:to]
	return c.content[from:to:to]
}

func (c *converter) node(value any) *yaml.Node {
	switch v := value.(type) {
	case map[string]any:
		content := c.slots(2 * len(v))
		for i, key := range c.sorted(v) {
			content[2*i], content[2*i+1] = key, c.node(v[key.Value])
		}
		return c.add(yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap, Style: flowIfEmpty(len(v)), Content: content})
	case []any:
		content := c.slots(len(v))
		for i, item := range v {
			content[i] = c.node(item)
		}
		return c.add(yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq, Style: flowIfEmpty(len(v)), Content: content})
	}
	return c.add(c.scalarOf(value))
}

func (c *converter) scalarOf(value any) yaml.Node {
	text, isText := value.(string)
	if isText && isWord(text) {
		return yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: text}
	}
	return c.scalar(value, len(text))
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

func (c *converter) scalar(value any, size int) yaml.Node {
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
	return found.node
}

// orders has keys in the order in which YAML writes them, by the keys in the order of their bytes. Maps share
// the nodes of keys, which nothing changes.
var orders memory[string, []*yaml.Node]

// sorted returns the keys of a map in the order in which YAML writes them.
func (c *converter) sorted(m map[string]any) []*yaml.Node {
	if len(m) == 0 {
		return nil
	}
	var few [16]string
	keys := slices.AppendSeq(few[:0], maps.Keys(m))
	slices.Sort(keys)
	joined := strings.Join(keys, "\x00")
	find := func() []*yaml.Node { return c.ordered(keys) }
	if strings.Count(joined, "\x00") != len(keys)-1 {
		return find() // A key has the separator.
	}
	return orders.of(joined, 2*len(joined), find)
}

// ordered returns keys in the order in which kyaml writes them.
func (c *converter) ordered(keys []string) []*yaml.Node {
	empty := make(map[string]any, len(keys))
	for _, key := range keys {
		empty[key] = nil
	}
	n, err := reread(empty)
	if err != nil || len(n.Content) != 2*len(keys) {
		c.err = fmt.Errorf("sort the fields %q: %w", keys, err)
		return make([]*yaml.Node, 0)
	}
	var out []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		out = append(out, &yaml.Node{Kind: key.Kind, Tag: key.Tag, Style: key.Style, Value: key.Value})
	}
	return out
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
