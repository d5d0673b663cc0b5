package v1alpha1

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	reference    = regexp.MustCompile(`\$\{[^}]*\}?`)
)

// The tags of scalars that refer to variables.
const (
	// substituted: a variable gave its text. What it is, the schema says.
	substituted = "!variable"
	// unsubstituted: a variable is not known, which is said already.
	unsubstituted = "!unknown"
)

// DecodeFence reads a TenantFence as Decode does, with its own variables.
func DecodeFence(n *yaml.RNode) (*TenantFence, field.ErrorList) {
	return Decode[TenantFence](n, VariablesOf(n))
}

// VariablesOf are the variables that a TenantFence gives, as far as they can be read: what
// else is wrong with it does not make them unknown.
func VariablesOf(n *yaml.RNode) map[string]string {
	out := map[string]string{}
	if n == nil || n.YNode() == nil {
		return out
	}
	all := child(child(n.YNode(), "spec"), "variables")
	for i := 0; all != nil && all.Kind == yaml.MappingNode && i+1 < len(all.Content); i += 2 {
		out[all.Content[i].Value] = all.Content[i+1].Value
	}
	return out
}

// substitute returns a resource with a value in place of every ${NAME} in the text of its
// spec and name, or the resource itself where there is none. What has no value is an error.
// Keys are no text, and a TenantFence's own name and variables stay as they are: policies are
// found by that name. The rest of metadata is the host's as well: kustomize writes the name
// there once more.
func substitute(n *yaml.RNode, variables map[string]string) (*yaml.RNode, substitution) {
	s := substitution{variables: variables, from: map[string]string{}}
	if n == nil || n.YNode() == nil || !s.hasReference(n.YNode()) {
		return n, s
	}
	out := n.Copy()
	if spec := child(out.YNode(), "spec"); spec != nil {
		s.replace(spec, field.NewPath("spec"))
	}
	kind, _ := text(out.YNode(), "kind")
	if name := child(child(out.YNode(), "metadata"), "name"); name != nil && kind != KindTenantFence {
		s.replace(name, field.NewPath("metadata", "name"))
	}
	return out, s
}

type substitution struct {
	variables map[string]string
	errs      field.ErrorList
	// from is what stood in each field before.
	from map[string]string
}

// addOrigins says of errors where a wrong value came from.
func (s *substitution) addOrigins(errs field.ErrorList) {
	for _, e := range errs {
		if written := s.from[e.Field]; written != "" {
			e.Detail = strings.TrimSuffix("from "+written+": "+e.Detail, ": ")
		}
	}
}

// hasReference says whether there is anything to replace.
func (s *substitution) hasReference(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") || slices.ContainsFunc(n.Content, s.hasReference)
}

func (s *substitution) replace(n *yaml.Node, at *field.Path) {
	switch n.Kind {
	case yaml.ScalarNode:
		s.scalar(n, at)
	case yaml.SequenceNode:
		for i, item := range n.Content {
			s.replace(item, at.Index(i))
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			path := at.Child(key.Value)
			if strings.Contains(key.Value, "${") {
				s.errs = append(s.errs, field.Invalid(path, key.Value, "a key is not substituted: write it out"))
			}
			if path.String() != "spec.variables" {
				s.replace(n.Content[i+1], path)
			}
		}
	}
}

func (s *substitution) scalar(n *yaml.Node, at *field.Path) {
	if !strings.Contains(n.Value, "${") {
		return
	}
	s.from[at.String()] = n.Value
	n.Tag, n.Style = substituted, 0
	n.Value = reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(ref, "${"), "}")
		value, ok := s.variables[name]
		switch {
		case ok && strings.HasSuffix(ref, "}"):
			return value
		case !variableName.MatchString(name):
			s.errs = append(s.errs, field.Invalid(at, ref, "is no variable: write ${NAME}, and nothing else between the braces"))
		default:
			s.errs = append(s.errs, field.Invalid(at, ref, fmt.Sprintf("the TenantFence gives no such variable: add %s to its spec.variables, which has %s", name, variableNames(s.variables))))
		}
		n.Tag = unsubstituted
		delete(s.from, at.String())
		return ref
	})
}

func variableNames(variables map[string]string) string {
	if len(variables) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(variables)), ", ")
}

func validateVariables(variables map[string]string, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if !variableName.MatchString(name) {
			errs = append(errs, field.Invalid(at.Key(name), name, "a variable's name is letters, digits and _, and does not begin with a digit"))
		}
		if strings.Contains(variables[name], "${") {
			errs = append(errs, field.Invalid(at.Key(name), variables[name], "a value holds no variable: write it out"))
		}
	}
	return errs
}
