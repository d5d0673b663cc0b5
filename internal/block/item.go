package block

import (
	"errors"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Item writes a map as an item of a list that begins a line, as List does with the node of FromMap. It needs no nodes.
func Item(out []byte, object map[string]any) ([]byte, error) {
	w := writer{out: append(out, "- "...), ok: true}
	values := valueWriter{&w, &converter{}}
	if values.mapping(object, 2, afterDash); values.err != nil {
		return out, values.err
	}
	if w.ok {
		return w.out, nil
	}
	n, err := FromMap(object)
	if err != nil {
		return out, err
	}
	written, ok := List(out, []*yaml.Node{n})
	if !ok {
		return out, errors.New("write as YAML")
	}
	return written, nil
}

// valueWriter writes values as writer writes their nodes.
type valueWriter struct {
	*writer
	*converter
}

// mapping writes a map that is not empty.
func (w valueWriter) mapping(m map[string]any, indent int, first place) {
	w.ok = w.ok && len(m) > 0
	for i, key := range w.sorted(m) {
		if !w.ok || w.err != nil {
			return
		}
		w.begin(i, indent, first)
		w.field(key, m[key.Value], indent)
	}
}

func (w valueWriter) field(key *yaml.Node, value any, indent int) {
	if !isSimpleKey(key) {
		w.ok = false
		return
	}
	w.writer.scalar(key)
	w.out = append(w.out, ':')
	m, _ := value.(map[string]any)
	list, _ := value.([]any)
	switch {
	case len(m) > 0:
		w.out = append(w.out, '\n')
		w.mapping(m, indent+2, lineStart)
	case len(list) > 0:
		w.out = append(w.out, '\n')
		w.sequence(list, indent, lineStart)
	default:
		w.out = append(w.out, ' ')
		w.leaf(value, indent+2)
	}
}

// sequence writes a list that is not empty.
func (w valueWriter) sequence(all []any, indent int, first place) {
	for i, value := range all {
		w.begin(i, indent, first)
		w.out = append(w.out, "- "...)
		m, _ := value.(map[string]any)
		list, _ := value.([]any)
		switch {
		case len(m) > 0:
			w.mapping(m, indent+2, afterDash)
		case len(list) > 0:
			w.sequence(list, indent+2, afterDash)
		default:
			w.leaf(value, indent+2)
		}
	}
}

// leaf writes a scalar, or an empty map or list, and a line break.
func (w valueWriter) leaf(value any, indent int) {
	switch v := value.(type) {
	case string:
		if isWord(v) {
			w.out = append(append(w.out, v...), '\n')
			return
		}
	case int64:
		w.out = append(strconv.AppendInt(w.out, v, 10), '\n')
		return
	case bool:
		w.out = append(strconv.AppendBool(w.out, v), '\n')
		return
	}
	w.writer.leaf(w.node(value), indent)
}
