package block

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// JSON returns a resource as JSON, as kyaml does. kyaml writes it as YAML and reads that first.
func JSON(n *yaml.RNode) ([]byte, error) {
	if value, ok := Value(n.YNode()); ok {
		return json.Marshal(value)
	}
	data, err := n.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	return data, nil
}

// decimal matches integers that are the same in YAML, JSON and Go.
var decimal = regexp.MustCompile(`^(0|-?[1-9]\d{0,14})$`)

// Value returns the value of a node. It returns false if it has aliases, merge keys, keys that are not
// text, floating-point numbers, text with unusual characters, or anything else with several notations.
func Value(n *yaml.Node) (any, bool) { return plainValue(n, 0) }

// plainValue is Value inside a node. In flow style, kyaml writes an empty value as an empty text.
func plainValue(n *yaml.Node, outer yaml.Style) (any, bool) {
	if n == nil || n.Anchor != "" {
		return nil, false
	}
	style := outer | n.Style&yaml.FlowStyle
	switch n.Kind {
	case yaml.MappingNode:
		return plainMapping(n, style)
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, c := range n.Content {
			value, ok := plainValue(c, style)
			if !ok {
				return nil, false
			}
			out[i] = value
		}
		return out, true
	case yaml.ScalarNode:
		value, ok := plainScalar(n)
		return value, ok && (value != nil || n.Value != "" || style == 0)
	}
	return nil, false
}

func plainMapping(n *yaml.Node, style yaml.Style) (any, bool) {
	out := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, isText := plainKey(n.Content[i])
		value, ok := plainValue(n.Content[i+1], style)
		if _, twice := out[key]; !isText || !ok || twice {
			return nil, false
		}
		out[key] = value
	}
	return out, true
}

func plainKey(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		return "", false
	}
	value, _ := plainScalar(n)
	text, ok := value.(string)
	return text, ok
}

func plainScalar(n *yaml.Node) (any, bool) {
	switch n.ShortTag() {
	case yaml.NodeTagString:
		return n.Value, n.Style&yaml.FoldedStyle == 0 && isPlainText(n.Value)
	case yaml.NodeTagInt:
		i, err := strconv.Atoi(n.Value)
		return i, err == nil && decimal.MatchString(n.Value)
	case yaml.NodeTagBool:
		return n.Value == "true", n.Value == "true" || n.Value == "false"
	case yaml.NodeTagNull:
		return nil, n.Value == "null" || n.Value == ""
	}
	return nil, false
}

// isPlainText reports whether a text has printable characters. If it has several lines, the first begins with
// a character, the last one is not empty, and none ends with a space.
func isPlainText(text string) bool {
	lines := strings.TrimSuffix(text, "\n")
	several := strings.Contains(text, "\n")
	if several && (lines == "" || lines[0] == ' ' || lines[0] == '\n' || strings.HasSuffix(lines, "\n") || strings.Contains(lines+"\n", " \n")) {
		return false
	}
	for _, c := range lines {
		if c != '\n' && (c < ' ' || c > unicode.MaxLatin1 || !unicode.IsPrint(c)) {
			return false
		}
	}
	return true
}
