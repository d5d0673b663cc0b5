package convert

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// errTemplate reports that a text is a template of a chart.
var errTemplate = errors.New("is a template: render the chart (helm template), and convert the output")

// rawDocument is the text of a document: the separator line before it, its body, and its last
// separator line, if any.
type rawDocument struct {
	separator, body, end []byte
}

func (p rawDocument) text() []byte { return slices.Concat(p.separator, p.body, p.end) }

// lines is the body with uniform line endings.
func (p rawDocument) lines() []byte { return bytes.ReplaceAll(p.body, []byte("\r\n"), []byte("\n")) }

// split splits a text at the lines that begin and end documents. A document cannot contain such a line.
func split(data []byte) []rawDocument {
	var out []rawDocument
	var p rawDocument
	for line := range bytes.Lines(data) {
		if isMarker(line, "...") {
			p.end = bytes.Clone(line)
			out, p = append(out, p), rawDocument{}
			continue
		}
		if !isMarker(line, "---") {
			p.body = append(p.body, line...)
			continue
		}
		if len(p.separator)+len(p.body) > 0 {
			out = append(out, p)
		}
		p = rawDocument{separator: bytes.Clone(line)}
		// The rest of that line belongs to the document, unless it is a comment.
		if rest := bytes.TrimSpace(line[3:]); len(rest) > 0 && rest[0] != '#' {
			p = rawDocument{separator: bytes.Clone(line[:3]), body: bytes.Clone(line[3:])}
		}
	}
	return append(out, p)
}

func isMarker(line []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	return ok && (len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0])))
}

// parse reads a document. An empty document is nil.
func (p rawDocument) parse() (*yaml.Node, error) {
	var n yaml.Node
	err := yaml.Unmarshal(p.lines(), &n)
	switch {
	case err != nil && bytes.Contains(p.body, []byte("{{")):
		return nil, errTemplate
	case err != nil:
		return nil, fmt.Errorf("is not valid YAML: %w", err)
	case n.Kind != yaml.DocumentNode || n.Content[0].Kind != yaml.MappingNode:
		return nil, nil
	}
	return &n, nil
}

// print writes a changed document with its original indentation of sequences and line endings.
func (p rawDocument) print(n *yaml.Node) ([]byte, error) {
	out, err := yaml.MarshalWithOptions(n, &yaml.EncoderOptions{SeqIndent: yaml.SequenceIndentStyle(yaml.DeriveSeqIndentStyle(string(p.lines())))})
	if err != nil {
		return nil, fmt.Errorf("cannot be written: %w", err)
	}
	if bytes.Contains(p.body, []byte("\r\n")) {
		out = bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n"))
	}
	separator := bytes.Clone(p.separator)
	if len(separator) > 0 && !bytes.HasSuffix(separator, []byte("\n")) {
		separator = append(separator, '\n')
	}
	return slices.Concat(separator, out, p.end), nil
}

// isTemplate reports whether a document that is valid YAML contains expressions of a template.
func isTemplate(n *yaml.Node) bool {
	if n.Kind == yaml.ScalarNode {
		return strings.Contains(n.Value, "{{")
	}
	for i, child := range n.Content {
		// {{ .Values.x }} is a mapping whose key is a mapping.
		if isTemplate(child) || n.Kind == yaml.MappingNode && i%2 == 0 && child.Kind != yaml.ScalarNode {
			return true
		}
	}
	return false
}
