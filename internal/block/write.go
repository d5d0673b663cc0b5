package block

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// List writes the items of a sequence that begins a line, as kyaml's encoder does. It reports false if an
// item has comments, which kyaml places by what is around the item.
func List(out []byte, items []*yaml.Node) ([]byte, bool) {
	for _, n := range items {
		w := writer{out: append(out, "- "...), ok: true}
		if w.item(n, 0); w.ok {
			out = w.out
			continue
		}
		if hasComments(n) {
			return out, false
		}
		text, err := encoded(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}})
		if err != nil {
			return out, false
		}
		out = append(out, text...)
	}
	return out, true
}

func hasComments(n *yaml.Node) bool {
	return n.HeadComment != "" || n.LineComment != "" || n.FootComment != "" || slices.ContainsFunc(n.Content, hasComments)
}

// Append writes a mapping as kyaml's encoder does. It reports false for what it does not write: comments,
// anchors, tags, flow style, and scalars of several lines that are no simple text.
func Append(out []byte, n *yaml.Node) ([]byte, bool) {
	w := writer{out: out, ok: true}
	w.block(n, 0, false)
	return w.out, w.ok
}

type writer struct {
	out []byte
	// ok is false if a node cannot be written.
	ok bool
}

// block writes a mapping or a sequence at an indentation. The first line continues the current one after
// a dash.
func (w *writer) block(n *yaml.Node, indent int, afterDash bool) {
	if !isPlain(n) || n.Style != 0 || len(n.Content) == 0 {
		w.ok = false
		return
	}
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content)%2 == 0:
		for i := 0; i < len(n.Content) && w.ok; i += 2 {
			w.indent(indent, afterDash && i == 0)
			w.field(n.Content[i], n.Content[i+1], indent)
		}
	case n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			w.indent(indent, afterDash && i == 0)
			w.out = append(w.out, "- "...)
			w.item(item, indent)
		}
	default:
		w.ok = false
	}
}

func (w *writer) indent(n int, afterDash bool) {
	for range n {
		if afterDash {
			return
		}
		w.out = append(w.out, ' ')
	}
}

// maxKey is the number of bytes above which kyaml writes a key in another form.
const maxKey = 128

func (w *writer) field(key, value *yaml.Node, indent int) {
	if key.Kind != yaml.ScalarNode || len(key.Value) > maxKey/2 || !isSimpleText(key.Value) || strings.Contains(key.Value, "\n") {
		w.ok = false
		return
	}
	w.scalar(key)
	w.out = append(w.out, ':')
	switch {
	case value.Kind == yaml.ScalarNode && value.Value == "" && value.Style == 0 && value.Tag == yaml.NodeTagNull && isPlain(value):
		w.out = append(w.out, '\n')
	case value.Kind == yaml.ScalarNode || len(value.Content) == 0:
		w.out = append(w.out, ' ')
		w.leaf(value, indent+2)
	case value.Kind == yaml.SequenceNode:
		w.out = append(w.out, '\n')
		w.block(value, indent, false)
	default:
		w.out = append(w.out, '\n')
		w.block(value, indent+2, false)
	}
}

func (w *writer) item(n *yaml.Node, indent int) {
	if n.Kind == yaml.ScalarNode || len(n.Content) == 0 {
		w.leaf(n, indent+2)
		return
	}
	w.block(n, indent+2, true)
}

// leaf writes a scalar, or an empty mapping or sequence, to the end of its line.
func (w *writer) leaf(n *yaml.Node, indent int) {
	switch {
	case n.Kind == yaml.MappingNode && isPlain(n) && n.Style&^yaml.FlowStyle == 0:
		w.out = append(w.out, "{}"...)
	case n.Kind == yaml.SequenceNode && isPlain(n) && n.Style&^yaml.FlowStyle == 0:
		w.out = append(w.out, "[]"...)
	case n.Kind == yaml.ScalarNode && n.Style&^yaml.LiteralStyle == 0 && strings.Contains(n.Value, "\n"):
		w.lines(n, indent)
		return
	default:
		w.scalar(n)
	}
	w.out = append(w.out, '\n')
}

// lines writes a text of several lines in literal style.
func (w *writer) lines(n *yaml.Node, indent int) {
	text := strings.TrimSuffix(n.Value, "\n")
	if !isPlain(n) || n.Tag != "" && n.Tag != yaml.NodeTagString || !isSimpleText(text) {
		w.ok = false
		return
	}
	if w.out = append(w.out, '|'); text == n.Value {
		w.out = append(w.out, '-')
	}
	for line := range strings.SplitSeq(text, "\n") {
		if w.out = append(w.out, '\n'); line != "" {
			w.indent(indent, false)
			w.out = append(w.out, line...)
		}
	}
	w.out = append(w.out, '\n')
}

// isSimpleText reports whether a text needs no other form than the literal one. It neither begins nor ends
// with a space or an empty line, and no line ends with a space.
func isSimpleText(text string) bool {
	notASCII := func(c rune) bool { return c != '\n' && (c < ' ' || c > '~') }
	return text != "" && strings.TrimSpace(text) == text && !strings.Contains(text, " \n") && !strings.ContainsFunc(text, notASCII)
}

// scalar writes a scalar of one line.
func (w *writer) scalar(n *yaml.Node) {
	if !isPlain(n) || strings.Contains(n.Value, "\n") {
		w.ok = false
		return
	}
	if n.Style == 0 && (n.Tag == "" || n.Tag == yaml.NodeTagString) && isWord(n.Value) || n.Style == 0 && n.Tag == yaml.NodeTagInt && isNumber(n.Value) {
		w.out = append(w.out, n.Value...)
		return
	}
	text, ok := textOf(n)
	w.out, w.ok = append(w.out, text...), w.ok && ok
}

// isPlain reports whether a node has neither comments nor an anchor nor a written tag.
func isPlain(n *yaml.Node) bool {
	return n.HeadComment == "" && n.LineComment == "" && n.FootComment == "" && n.Anchor == "" && n.Alias == nil && n.Style&yaml.TaggedStyle == 0
}

// isWord reports whether a text is a string in every version of YAML, without quotes.
func isWord(s string) bool {
	if s == "" || !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (c < '-' || c > '9') && c != '_' {
			return false
		}
	}
	return len(s) > len("false") || !isReserved(s)
}

func isReserved(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return true
	}
	return false
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isNumber reports whether a text is a decimal number.
func isNumber(s string) bool {
	if s == "" || len(s) > 9 || s[0] == '0' && len(s) > 1 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// encode is the text of a scalar in kyaml.
func encode(n *yaml.Node) (string, bool) {
	text, err := encoded(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "k"}, n}})
	text, ok := strings.CutPrefix(text, "k: ")
	text = strings.TrimSuffix(text, "\n")
	return text, ok && err == nil && !strings.Contains(text, "\n")
}

// encoded is a node in kyaml.
func encoded(n *yaml.Node) (string, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	err := e.Encode(n)
	return out.String(), errors.Join(err, e.Close())
}
