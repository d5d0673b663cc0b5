package v1alpha1

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/strict"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	reference    = regexp.MustCompile(`\$\{[^}]*\}?`)
)

// DecodeFence reads a TenantFence as Decode does, with its own variables.
func DecodeFence(n *yaml.RNode) (*TenantFence, field.ErrorList) {
	return Decode[TenantFence](n, VariablesOf(n))
}

// VariablesOf returns the variables of a TenantFence as far as they can be read, even if the
// TenantFence has other errors.
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

// substitute returns a resource with the values of each ${NAME} in its spec and name, or the
// resource itself if it has none. A ${NAME} without a value is an error, and so is one in a
// key. A TenantFence's own name and variables stay as they are, because policies are found by
// that name. So does the rest of metadata, to which kustomize also writes the name.
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
	// from is the original text of each field.
	from map[string]string
}

// addOrigins adds the original text to errors about substituted values.
func (s *substitution) addOrigins(errs field.ErrorList) {
	for _, e := range errs {
		if written := s.from[e.Field]; written != "" {
			e.Detail = strings.TrimSuffix("from "+written+": "+e.Detail, ": ")
		}
	}
}

// hasReference reports whether a node contains a reference to a variable.
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
				s.errs = append(s.errs, field.Invalid(path, key.Value, "is a key with a variable, and keys are not substituted: write the key out"))
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
	n.Tag, n.Style = strict.Substituted, 0
	n.Value = reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(ref, "${"), "}")
		value, ok := s.variables[name]
		switch {
		case ok && strings.HasSuffix(ref, "}"):
			return value
		case !variableName.MatchString(name):
			s.errs = append(s.errs, field.Invalid(at, ref, "is not a variable: write ${NAME} without other characters in the braces"))
		default:
			s.errs = append(s.errs, field.Invalid(at, ref, fmt.Sprintf("is not in spec.variables of the TenantFence: add %s, or correct the name (%s)", name, strict.DidYouMean(name, sortedKeys(s.variables)))))
		}
		n.Tag = strict.Unsubstituted
		delete(s.from, at.String())
		return ref
	})
}

func validateVariables(variables map[string]string, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range sortedKeys(variables) {
		errs = append(errs, errorIf(!variableName.MatchString(name), field.Invalid(at.Key(name), name, "must consist of letters, digits and _, and not begin with a digit"))...)
		errs = append(errs, errorIf(strings.Contains(variables[name], "${"), field.Invalid(at.Key(name), variables[name], "contains a variable, and values are not substituted: write the value out"))...)
	}
	return errs
}
