package convert

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// errTemplate says that a text becomes YAML only when a chart is rendered.
var errTemplate = errors.New("is a template, and no policy yet: render the chart (helm template), and convert what comes out")

// piece is a document as it is written: the line that separates it from the one before,
// and what follows.
type piece struct {
	separator, body []byte
}

func (p piece) text() []byte { return append(bytes.Clone(p.separator), p.body...) }

// unixLines ends every line as YAML does, also in a text that was written on Windows: there
// the parser would lose where a comment ends.
func unixLines(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) }

// split takes a text apart where documents begin. No document can hold a line like that.
func split(data []byte) []piece {
	var out []piece
	var p piece
	for line := range bytes.Lines(data) {
		if !isSeparator(line) {
			p.body = append(p.body, line...)
			continue
		}
		if len(p.separator)+len(p.body) > 0 {
			out = append(out, p)
		}
		p = piece{separator: bytes.Clone(line)}
		// What stands on that line and is no comment is the document's.
		if rest := bytes.TrimSpace(line[3:]); len(rest) > 0 && rest[0] != '#' {
			p = piece{separator: bytes.Clone(line[:3]), body: bytes.Clone(line[3:])}
		}
	}
	return append(out, p)
}

func isSeparator(line []byte) bool {
	return bytes.HasPrefix(line, []byte("---")) && (len(line) == 3 || strings.ContainsRune(" \t\r\n", rune(line[3])))
}

// parse reads a document, nil where it is empty.
func (p piece) parse() (*yaml.Node, error) {
	var n yaml.Node
	err := yaml.Unmarshal(unixLines(p.body), &n)
	switch {
	case err != nil && bytes.Contains(p.body, []byte("{{")):
		return nil, errTemplate
	case err != nil:
		return nil, fmt.Errorf("is no YAML: %w", err)
	case n.Kind != yaml.DocumentNode || n.Content[0].Kind != yaml.MappingNode:
		return nil, nil
	}
	return &n, nil
}

// print writes a changed document, its sequences indented and its lines ended as they were.
func (p piece) print(n *yaml.Node) ([]byte, error) {
	out, err := yaml.MarshalWithOptions(n, &yaml.EncoderOptions{SeqIndent: yaml.SequenceIndentStyle(yaml.DeriveSeqIndentStyle(string(unixLines(p.body))))})
	if err != nil {
		return nil, fmt.Errorf("cannot be written: %w", err)
	}
	separator := unixLines(p.separator)
	if len(separator) > 0 && !bytes.HasSuffix(separator, []byte("\n")) {
		separator = append(separator, '\n')
	}
	out = append(separator, out...)
	if bytes.Contains(p.text(), []byte("\r\n")) {
		out = bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n"))
	}
	return out, nil
}

// isTemplate says whether a document that is YAML by chance holds what only a chart's
// rendering fills in.
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
