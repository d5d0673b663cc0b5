package block

import (
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
		var ok bool
		if out, ok = appendEncoded(out, &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}}); !ok {
			return out, false
		}
	}
	return out, true
}

// Field writes a field that begins a line, as kyaml's encoder does. It reports false if the value has comments.
func Field(out []byte, key string, value *yaml.Node) ([]byte, bool) {
	m := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: key}, value}}
	if written, ok := Append(out, m); ok {
		return written, true
	}
	return appendEncoded(out, m)
}

// appendEncoded writes a node with kyaml's encoder, unless it has comments.
func appendEncoded(out []byte, n *yaml.Node) ([]byte, bool) {
	if hasComments(n) {
		return out, false
	}
	text, err := encoded(n)
	return append(out, text...), err == nil
}

func hasComments(n *yaml.Node) bool {
	return n.HeadComment != "" || n.LineComment != "" || n.FootComment != "" || slices.ContainsFunc(n.Content, hasComments)
}

// Append writes a mapping as kyaml's encoder does. It reports false for what it does not write: comments,
// anchors, tags, flow style, and scalars of several lines that are no simple text.
func Append(out []byte, n *yaml.Node) ([]byte, bool) {
	w := writer{out: out, ok: true}
	w.block(n, 0, lineStart)
	return w.out, w.ok
}

type writer struct {
	out []byte
	// ok is false if a node cannot be written.
	ok bool
}

// block writes a mapping or a sequence at an indentation. The first line continues the current one after
// a dash.
func (w *writer) block(n *yaml.Node, indent int, first place) {
	if !isPlain(n) || n.Style != 0 || len(n.Content) == 0 {
		w.ok = false
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content) && w.ok; i += 2 {
			w.begin(i, indent, first)
			w.field(n.Content[i], n.Content[i+1], indent)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			w.begin(i, indent, first)
			w.out = append(w.out, "- "...)
			w.item(item, indent)
		}
	default:
		w.ok = false
	}
}

// place is where a block begins.
type place bool

const (
	lineStart place = false
	afterDash place = true
)

// begin begins the line of a field or an item.
func (w *writer) begin(i, indent int, first place) {
	if i > 0 || first == lineStart {
		w.indent(indent)
	}
}

func (w *writer) indent(n int) {
	for range n {
		w.out = append(w.out, ' ')
	}
}

// maxKey is a number of bytes of a key that kyaml writes in this form, whatever its quotes are.
const maxKey = 64

func (w *writer) field(key, value *yaml.Node, indent int) {
	if !isSimpleKey(key) {
		w.ok = false
		return
	}
	w.scalar(key)
	w.out = append(w.out, ':')
	switch {
	case isEmptyNull(value):
		w.out = append(w.out, '\n')
	case value.Kind == yaml.ScalarNode || len(value.Content) == 0:
		w.out = append(w.out, ' ')
		w.leaf(value, indent+2)
	case value.Kind == yaml.SequenceNode:
		w.out = append(w.out, '\n')
		w.block(value, indent, lineStart)
	default:
		w.out = append(w.out, '\n')
		w.block(value, indent+2, lineStart)
	}
}

func isSimpleKey(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && len(n.Value) <= maxKey && isSimpleText(n.Value) && !strings.Contains(n.Value, "\n")
}

func isEmptyNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0 && n.Tag == yaml.NodeTagNull && isPlain(n)
}

func (w *writer) item(n *yaml.Node, indent int) {
	if n.Kind == yaml.ScalarNode || len(n.Content) == 0 {
		w.leaf(n, indent+2)
		return
	}
	w.block(n, indent+2, afterDash)
}

// leaf writes a scalar, or an empty mapping or sequence, and a line break.
func (w *writer) leaf(n *yaml.Node, indent int) {
	isEmpty := isPlain(n) && n.Style&^yaml.FlowStyle == 0
	switch {
	case isEmpty && n.Kind == yaml.MappingNode:
		w.out = append(w.out, "{}"...)
	case isEmpty && n.Kind == yaml.SequenceNode:
		w.out = append(w.out, "[]"...)
	case n.Style&^yaml.LiteralStyle == 0 && strings.Contains(n.Value, "\n"):
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
			w.indent(indent)
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
	if n.Kind != yaml.ScalarNode || !isPlain(n) || strings.Contains(n.Value, "\n") {
		w.ok = false
		return
	}
	switch quoted, known := formOf(n); {
	case known && quoted:
		w.out = append(append(append(w.out, '"'), n.Value...), '"')
	case known:
		w.out = append(w.out, n.Value...)
	default:
		text, ok := textOf(n)
		w.out, w.ok = append(w.out, text...), w.ok && ok
	}
}

// formOf reports whether a scalar is quoted, of those for which no look at kyaml is necessary.
func formOf(n *yaml.Node) (quoted, known bool) {
	switch isText := n.Tag == "" || n.Tag == yaml.NodeTagString; {
	case n.Style == 0 && isText:
		return false, isWord(n.Value)
	case n.Style == 0 && n.Tag == yaml.NodeTagInt:
		return false, isNumber(n.Value)
	case n.Style == yaml.DoubleQuotedStyle && isText:
		return true, isNumber(n.Value) || isWord(n.Value)
	}
	return false, false
}

// isPlain reports whether a node has neither comments nor an anchor nor a written tag.
func isPlain(n *yaml.Node) bool {
	return n.HeadComment == "" && n.LineComment == "" && n.FootComment == "" && n.Anchor == "" && n.Alias == nil && n.Style&yaml.TaggedStyle == 0
}
