package merge

import (
	"fmt"
	"strconv"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Differences returns one text for each field in which a resource differs from the result of Merge:
// "spec.ingress[0].toPorts[0].ports[0].port is 444, expected 443". Lists are compared as sets.
// Comments and order are ignored.
func Differences(have, want *yaml.RNode) []string {
	return differences("", have.YNode(), want.YNode())
}

func differences(path string, have, want *yaml.Node) []string {
	switch {
	case content(have) == content(want):
		return nil
	case have.Kind == yaml.MappingNode && want.Kind == yaml.MappingNode:
		return fieldDifferences(path, have, want)
	case have.Kind == yaml.SequenceNode && want.Kind == yaml.SequenceNode:
		return elementDifferences(path, have, want)
	case have.Kind == yaml.ScalarNode && want.Kind == yaml.ScalarNode:
		return []string{fmt.Sprintf("%s is %s, expected %s", path, formatScalar(have), formatScalar(want))}
	}
	return []string{path + " has another type of value"}
}

func fieldDifferences(path string, have, want *yaml.Node) []string {
	var out []string
	for i := 0; i+1 < len(have.Content); i += 2 {
		key, where := have.Content[i].Value, child(path, have.Content[i].Value)
		if existing := value(want, key); existing != nil {
			out = append(out, differences(where, have.Content[i+1], existing)...)
		} else {
			out = append(out, "unexpected field "+where)
		}
	}
	for i := 0; i+1 < len(want.Content); i += 2 {
		if key := want.Content[i].Value; keyIndex(have, key) < 0 {
			out = append(out, "missing field "+child(path, key))
		}
	}
	return out
}

func elementDifferences(path string, have, want *yaml.Node) []string {
	matches, retained := pair(have.Content, want.Content)
	var out []string
	for i, w := range want.Content {
		if matches[i] < 0 {
			out = append(out, fmt.Sprintf("missing item in %s: %s", path, shorten(w)))
			continue
		}
		out = append(out, differences(fmt.Sprintf("%s[%d]", path, matches[i]), have.Content[matches[i]], w)...)
	}
	for i, h := range have.Content {
		if !retained[i] {
			out = append(out, fmt.Sprintf("unexpected item %s[%d]: %s", path, i, shorten(h)))
		}
	}
	return out
}

// child returns the path of a field. Keys that are no plain words are in brackets.
func child(path, key string) string {
	for _, r := range key {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return path + "[" + key + "]"
		}
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// formatScalar formats a scalar by its type, so a number and a string differ.
func formatScalar(n *yaml.Node) string {
	if n.ShortTag() == yaml.NodeTagString {
		return strconv.Quote(n.Value)
	}
	return n.Value
}

const maxShown = 80

func shorten(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return formatScalar(n)
	}
	data, err := yaml.NewRNode(n).MarshalJSON()
	if err != nil {
		return "an element"
	}
	if text := []rune(string(data)); len(text) > maxShown {
		return string(text[:maxShown]) + "…"
	}
	return string(data)
}
