package strict

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Replacement replaces fields of a similar API.
type Replacement struct {
	Names []string
	// Sibling is a field of the objects in which authors may try them.
	Sibling, Fix string
}

// replacement returns the fix for a field of a similar API, and the field that replaces it.
func (r *Reader) replacement(name string, s *spec.Schema) (fix, suggested string, known bool) {
	for _, f := range r.Replacements {
		if _, sibling := s.Properties[f.Sibling]; sibling && slices.Contains(f.Names, name) {
			return f.Fix, f.Sibling, true
		}
	}
	return "", "", false
}

// flowScalar matches scalars that need no quotes in braces.
var flowScalar = regexp.MustCompile(`^[-._A-Za-z0-9]+$`)

// mapHint returns the fix for a value that must be a map. If the map has one required field,
// the value likely belongs to it.
func mapHint(n *yaml.Node, s *spec.Schema) string {
	required := slices.Sorted(slices.Values(s.Required))
	switch {
	case len(required) == 1 && n.Kind == yaml.ScalarNode && flowScalar.MatchString(n.Value):
		return fmt.Sprintf(": write {%s: %s}", required[0], n.Value)
	case len(required) > 0:
		return ": write {" + strings.Join(required, ": …, ") + ": …}"
	case len(s.Properties) > 0:
		return ": its fields are " + strings.Join(slices.Sorted(maps.Keys(s.Properties)), ", ")
	}
	return ": write {KEY: VALUE}"
}

// listHint returns the fix for a value that must be a list. If it must be a list of strings,
// such as headers, each pair of a map is one of them.
func listHint(n *yaml.Node, s *spec.Schema) string {
	if n.Kind != yaml.MappingNode || !s.Items.Schema.Type.Contains("string") || len(n.Content) == 0 || slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return c.Kind != yaml.ScalarNode }) {
		return "begin each item with a dash"
	}
	var texts []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		texts = append(texts, fmt.Sprintf("%q", n.Content[i].Value+": "+n.Content[i+1].Value))
	}
	return "write each pair as a string, [" + strings.Join(texts, ", ") + "]"
}
