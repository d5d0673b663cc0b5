package kustomize

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	yamlv2 "go.yaml.in/yaml/v2"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// asYAML returns a resource as kustomize writes it. kustomize writes YAML, reads it, writes JSON, reads it
// and writes YAML. Here the values are written at once, unless their notation may change on that way.
func asYAML(r *resource.Resource) ([]byte, error) {
	if value, ok := plainValue(r.YNode()); ok {
		return yamlv2.Marshal(value)
	}
	return r.AsYAML()
}

// decimal matches integers that are the same in YAML, JSON and Go.
var decimal = regexp.MustCompile(`^(0|-?[1-9]\d{0,14})$`)

// plainValue returns the value of a node. It returns false if it has aliases, merge keys, keys that are not
// text, floating-point numbers, text with unusual characters, or anything else with several notations.
func plainValue(n *yaml.Node) (any, bool) {
	if n == nil || n.Anchor != "" {
		return nil, false
	}
	switch n.Kind {
	case yaml.MappingNode:
		return plainMapping(n)
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, c := range n.Content {
			value, ok := plainValue(c)
			if !ok {
				return nil, false
			}
			out[i] = value
		}
		return out, true
	case yaml.ScalarNode:
		return plainScalar(n)
	}
	return nil, false
}

func plainMapping(n *yaml.Node) (any, bool) {
	out := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, isText := plainKey(n.Content[i])
		value, ok := plainValue(n.Content[i+1])
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

// isPlainText reports whether a text has lines of printable characters, which neither begin nor end with a
// space, and no empty line.
func isPlainText(text string) bool {
	if lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n"); len(lines) > 1 || strings.HasSuffix(text, "\n") {
		return !slices.ContainsFunc(lines, func(line string) bool {
			return line == "" || line != strings.TrimSpace(line) || !isPlainText(line)
		})
	}
	for _, c := range text {
		if c < ' ' || c > unicode.MaxLatin1 || !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}
