package v1alpha1

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// flowScalar is what may stand in braces as it is.
var flowScalar = regexp.MustCompile(`^[-._A-Za-z0-9]+$`)

// mapHint says what to write where a map is expected and something else stands: the fields
// that it must have, of which a single one is what was meant.
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

// listHint says what to write where a list is expected and something else stands. Of a map
// whose like is a list of texts, each pair is one, as it is of headers.
func listHint(n *yaml.Node, s *spec.Schema) string {
	if n.Kind != yaml.MappingNode || !s.Items.Schema.Type.Contains("string") || len(n.Content) == 0 || slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return c.Kind != yaml.ScalarNode }) {
		return "put a dash before each item"
	}
	var texts []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		texts = append(texts, fmt.Sprintf("%q", n.Content[i].Value+": "+n.Content[i+1].Value))
	}
	return "write each as a text, [" + strings.Join(texts, ", ") + "]"
}
