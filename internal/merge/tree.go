package merge

import (
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// editableCopy returns a copy to change. It expands aliases, because a change of an anchor would
// change all aliases.
func editableCopy(n *yaml.RNode) *yaml.RNode { return yaml.NewRNode(expandedCopy(n.YNode())) }

func expandedCopy(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		c := expandedCopy(n.Alias)
		c.HeadComment, c.LineComment, c.FootComment = n.HeadComment, n.LineComment, n.FootComment
		return c
	}
	c := *n
	c.Anchor = ""
	c.Content = make([]*yaml.Node, 0, len(n.Content))
	for _, child := range n.Content {
		c.Content = append(c.Content, expandedCopy(child))
	}
	return &c
}

// sameNode reports whether two nodes have the same content in the same order, without aliases. It is
// faster than a comparison that ignores the order.
func sameNode(a, b *yaml.Node) bool {
	return a == b || a.Kind == b.Kind && a.Kind != yaml.AliasNode && a.Value == b.Value && a.ShortTag() == b.ShortTag() && slices.EqualFunc(a.Content, b.Content, sameNode)
}

// keyIndex returns the position of a key in a mapping, or -1.
func keyIndex(m *yaml.Node, key string) int {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func value(m *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if m == nil || m.Kind != yaml.MappingNode {
			return nil
		}
		i := keyIndex(m, key)
		if i < 0 {
			return nil
		}
		m = m.Content[i+1]
	}
	return m
}

// mappingAt returns the mapping at a key. It creates a missing mapping.
func mappingAt(m *yaml.Node, key string) *yaml.Node {
	if v := value(m, key); v != nil {
		if v.Kind != yaml.MappingNode {
			replace(v, &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap})
		}
		return v
	}
	v := &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap}
	m.Content = append(m.Content, text(key), v)
	return v
}

func elements(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// drop removes a key, and reports whether it existed.
func drop(m *yaml.Node, key string) bool {
	i := keyIndex(m, key)
	if i < 0 {
		return false
	}
	m.Content = slices.Delete(m.Content, i, i+2)
	return true
}

// set sets the value of a key, and reports whether that changes anything.
func set(m *yaml.Node, key string, want *yaml.Node) bool {
	if have := value(m, key); have != nil {
		return updateNode(have, want)
	}
	m.Content = append(m.Content, text(key), want)
	return true
}

func text(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: s}
}

func number(i int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagInt, Value: strconv.Itoa(i)}
}

func boolean(b bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagBool, Value: strconv.FormatBool(b)}
}

func list(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq, Content: content}
}

func object(key string, v *yaml.Node, more ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap, Content: append([]*yaml.Node{text(key), v}, more...)}
}

// content is the same text for nodes with the same meaning: it ignores the order of keys and of
// lists, style and comments.
func content(n *yaml.Node) string {
	switch n.Kind {
	case yaml.AliasNode, yaml.DocumentNode:
		if n.Alias != nil {
			return content(n.Alias)
		}
		return content(n.Content[0])
	case yaml.ScalarNode:
		return n.ShortTag() + strconv.Quote(n.Value)
	}
	var parts []string
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			parts = append(parts, content(c))
		}
		slices.Sort(parts)
		return "[" + strings.Join(parts, ",") + "]"
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		parts = append(parts, content(n.Content[i])+":"+content(n.Content[i+1]))
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}
