package resource

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Unsubstituted is a reference to a variable that has no value.
type Unsubstituted struct {
	// Reference is what is written, "${LAN_CIDR}", and Name the variable: "" where the text
	// between the braces is no variable that is known how to substitute.
	Reference, Name string
	// Field is the path at which it is written.
	Field string
}

var (
	reference = regexp.MustCompile(`\$\$?\{[^}]*\}?`)
	// variable may have a default, as Flux has it, which counts where Flux has no value.
	variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-=][^}]*)?\}$`)
)

// Substitute returns a resource as Flux applies it: with the values of variables in place of
// ${NAME} in its spec, name and namespace; or the resource itself where there is no
// reference. What has no value stays as it is, and is reported.
func Substitute(n *yaml.RNode, variables map[string]string) (*yaml.RNode, []Unsubstituted, error) {
	s := substitution{variables: variables}
	for _, path := range [][]string{{"spec"}, {"specs"}, {"metadata", "name"}, {"metadata", "namespace"}} {
		if found, err := n.Pipe(yaml.Lookup(path...)); err == nil && found != nil && refers(found.YNode()) {
			s.paths = append(s.paths, path)
		}
	}
	if len(s.paths) == 0 {
		return n, nil, nil
	}
	out := n.Copy()
	for _, path := range s.paths {
		found, err := out.Pipe(yaml.Lookup(path...))
		if err != nil {
			return nil, nil, fmt.Errorf("substitute variables in %s: %w", RefOf(n), err)
		}
		s.replace(found.YNode(), strings.Join(path, "."))
	}
	text, err := out.String()
	if err != nil {
		return nil, nil, fmt.Errorf("substitute variables in %s: %w", RefOf(n), err)
	}
	// A value may be a number or a boolean where no quotes are around it.
	if out, err = yaml.Parse(text); err != nil {
		return nil, nil, fmt.Errorf("substitute variables in %s: %w", RefOf(n), err)
	}
	return out, s.unknown, nil
}

type substitution struct {
	variables map[string]string
	paths     [][]string
	unknown   []Unsubstituted
}

func refers(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") || slices.ContainsFunc(n.Content, refers)
}

func (s *substitution) replace(n *yaml.Node, at string) {
	switch n.Kind {
	case yaml.ScalarNode:
		s.scalar(n, at)
	case yaml.SequenceNode:
		for i, item := range n.Content {
			s.replace(item, fmt.Sprintf("%s[%d]", at, i))
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			field := at + "." + n.Content[i].Value
			s.scalar(n.Content[i], field)
			s.replace(n.Content[i+1], field)
		}
	}
}

func (s *substitution) scalar(n *yaml.Node, at string) {
	if !strings.Contains(n.Value, "${") {
		return
	}
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		n.Tag = ""
	}
	n.Value = reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		if escaped, ok := strings.CutPrefix(ref, "$$"); ok {
			return "$" + escaped
		}
		var name string
		if m := variable.FindStringSubmatch(ref); m != nil {
			name = m[1]
		}
		value, ok := s.variables[name]
		if !ok {
			s.unknown = append(s.unknown, Unsubstituted{Reference: ref, Name: name, Field: at})
			return ref
		}
		return value
	})
}
