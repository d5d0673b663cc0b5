package convert

import (
	"iter"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// keyIndex returns the index of a key in a mapping, or -1.
func keyIndex(m *yaml.Node, key string) int {
	if m == nil || m.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// pair returns a key of a mapping and its value, or nil if the mapping has no such key.
func pair(m *yaml.Node, key string) (k, v *yaml.Node) {
	if i := keyIndex(m, key); i >= 0 {
		return m.Content[i], m.Content[i+1]
	}
	return nil, nil
}

func value(m *yaml.Node, key string) *yaml.Node {
	_, v := pair(m, key)
	return v
}

// text returns the value of a key if it is a scalar, and "" otherwise.
func text(m *yaml.Node, key string) string {
	if v := value(m, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// pairs returns the keys and values of a mapping.
func pairs(m *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		for i := 0; i+1 < len(m.Content); i += 2 {
			if !yield(m.Content[i], m.Content[i+1]) {
				return
			}
		}
	}
}

// drop removes a key with its value and comments.
func drop(m *yaml.Node, key string) {
	if i := keyIndex(m, key); i >= 0 {
		m.Content = append(m.Content[:i:i], m.Content[i+2:]...)
	}
}

// isEmpty reports whether a value is missing, null or empty. Kubernetes does not distinguish
// these.
func isEmpty(n *yaml.Node) bool {
	return n == nil || isNull(n) || n.Kind != yaml.ScalarNode && len(n.Content) == 0
}

func isNull(n *yaml.Node) bool { return n.Tag == yaml.NodeTagNull }

func scalar(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: s}
}

func mapping(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: yaml.NodeTagMap, Content: content}
}

func sequence(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq, Content: content}
}

// replaceContent replaces the content of a node with that of another node. It moves the line
// comment above the owner. The owner is the node's key or, in a list, the node.
func replaceContent(n, other, owner *yaml.Node) {
	n.Kind, n.Tag, n.Style, n.Value, n.Content = other.Kind, other.Tag, other.Style, other.Value, other.Content
	owner.HeadComment, n.LineComment = lines(owner.HeadComment, n.LineComment), ""
}

// moveComments moves all comments of removed nodes and their content to another node.
func moveComments(to *yaml.Node, removed ...*yaml.Node) {
	for _, n := range removed {
		if n == nil {
			continue
		}
		moveOwnComments(to, n)
		moveComments(to, n.Content...)
	}
}

// moveOwnComments moves the comments of a removed node, without those of its content.
func moveOwnComments(to, removed *yaml.Node) {
	to.HeadComment = lines(to.HeadComment, removed.HeadComment, removed.LineComment)
	to.FootComment = lines(to.FootComment, removed.FootComment)
}

// nonEmptyPairs returns the keys and values of a mapping without empty values. It moves the
// comments of empty values to the owner.
func nonEmptyPairs(m, owner *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for key, v := range pairs(m) {
		if isEmpty(v) {
			moveComments(owner, key, v)
			continue
		}
		out = append(out, key, v)
	}
	return out
}

// lines joins the comments that are not empty.
func lines(comments ...string) string {
	var out []string
	for _, c := range comments {
		if c != "" {
			out = append(out, c)
		}
	}
	return strings.Join(out, "\n")
}

// withoutComments returns a copy without comments.
func withoutComments(n *yaml.Node) *yaml.Node {
	c := *n
	c.HeadComment, c.LineComment, c.FootComment, c.Content = "", "", "", nil
	for _, child := range n.Content {
		c.Content = append(c.Content, withoutComments(child))
	}
	return &c
}
