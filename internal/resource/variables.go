package resource

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Unsubstituted is a reference to a variable without a value.
type Unsubstituted struct {
	// Reference is the text, such as "${LAN_CIDR}". Name is the variable, or "" if the text in
	// braces is no supported variable.
	Reference, Name string
	// Field is the path of the field with the reference.
	Field string
}

var (
	reference = regexp.MustCompile(`\$\$?\{[^}]*\}?`)
	// A variable may have a default, as in Flux, which applies if Flux has no value.
	variable = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-=][^}]*)?\}$`)
)

// Substitute returns a resource as Flux applies it: it replaces ${NAME} by the value of the
// variable in the fields that this function reads. It returns the resource itself if it has no
// reference. References without a value remain and are reported.
func Substitute(n *yaml.RNode, variables map[string]string) (*yaml.RNode, []Unsubstituted, error) {
	s := substitution{variables: variables}
	if !isOpaqueData(n) {
		s.find(content(n.YNode()))
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
	// A value without quotes may become a number or a boolean.
	if out, err = yaml.Parse(text); err != nil {
		return nil, nil, fmt.Errorf("substitute variables in %s: %w", RefOf(n), err)
	}
	return out, s.unknown, nil
}

// isOpaqueData reports whether a resource contains data for other programs, such as scripts, where
// ${ has another meaning. The configuration of Cilium's agents is not opaque.
func isOpaqueData(n *yaml.RNode) bool {
	kind := groupKind(n)
	return kind == "v1/Secret" || kind == "v1/ConfigMap" && n.GetName() != agentConfigMap
}

type substitution struct {
	variables map[string]string
	paths     [][]string
	unknown   []Unsubstituted
}

func (s *substitution) find(root *yaml.Node) {
	if root == nil || root.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch key := keyOf(root.Content[i]); {
		case key == "apiVersion" || key == "kind" || key == "status":
		case key == "metadata":
			for _, of := range []string{"name", "namespace", "labels", "annotations"} {
				if at := child(content(root.Content[i+1]), of); at != nil && hasReference(at) {
					s.paths = append(s.paths, []string{key, of})
				}
			}
		case hasReference(root.Content[i+1]):
			s.paths = append(s.paths, []string{key})
		}
	}
}

// AffectsTraffic reports whether traffic depends on the missing value: any field of a policy;
// otherwise fields that determine namespaces, Services and pods with their names, labels and ports.
// In commands, arguments and settings, ${ is common and does not affect traffic.
func (u Unsubstituted) AffectsTraffic(n *yaml.RNode, isPolicy, makesPods bool) bool {
	kind := groupKind(n)
	switch {
	case u.isAtOrBelow("metadata.name") || u.isAtOrBelow("metadata.namespace"):
		return true
	case isPolicy:
		return !u.isAtOrBelow("metadata") || n.GetKind() == KindCIDRGroup && u.isAtOrBelow("metadata.labels")
	case ConfiguresAgents(n):
		return slices.ContainsFunc(cilium.Settings(), func(s cilium.Setting) bool { return strings.HasSuffix(u.Field, "."+s.Key) })
	case kind == "v1/Namespace":
		return u.isAtOrBelow("metadata.labels")
	case kind == "v1/Service":
		return u.isAtOrBelow("spec.selector") || u.isAtOrBelow("spec.ports")
	}
	return makesPods && u.affectsPods(n)
}

func (u Unsubstituted) isAtOrBelow(field string) bool {
	rest, ok := strings.CutPrefix(u.Field, field)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// affectsPods reports whether a field of a resource that creates pods has labels, ports or the
// network of pods. Labels of the resource itself are included if its pods inherit them.
func (u Unsubstituted) affectsPods(n *yaml.RNode) bool {
	at, own := strings.Split(u.Field, "."), groupKind(n) == "v1/Pod" || inheritsMetadata(n)
	if !own && u.isAtOrBelow("metadata") || slices.ContainsFunc(at, isNonPodMetadata) {
		return false
	}
	for i, key := range at {
		switch key, _, _ = strings.Cut(key, "["); key {
		case "labels", "ports", "hostNetwork", "serviceAccountName":
			return true
		case "annotations":
			// Keys of annotations are relevant, and their values are not.
			return strings.Contains(strings.Join(at[i+1:], "."), "${")
		}
	}
	return false
}

func hasReference(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") || slices.ContainsFunc(n.Content, hasReference)
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

// Finding reports a missing value that something depends on.
func (u Unsubstituted) Finding(ref report.Ref, severity report.Severity, dependent, consequence string) report.Finding {
	fix := "add " + u.Name + " to the TenantFence's spec.variables, with the value that Flux substitutes"
	if u.Name == "" {
		fix = "write ${NAME} without functions of Flux, and give NAME a value in the TenantFence's spec.variables"
	}
	return report.New(report.VariableUnsubstituted, severity, ref, u.Field, "%s is not substituted, but %s depends on it, so %s: %s", u.Reference, dependent, consequence, fix)
}

// PodsDepend describes what depends on a variable in a resource that is no policy.
const PodsDepend = "the pods and ports that policies match"

// missingVariable returns a finding about the variable without a value that makes a resource
// invalid, or nil.
func missingVariable(n *yaml.RNode) *report.Finding {
	_, missing, err := Substitute(n, nil)
	i := slices.IndexFunc(missing, func(u Unsubstituted) bool { return u.AffectsTraffic(n, false, true) })
	if err != nil || i < 0 {
		return nil
	}
	f := missing[i].Finding(RefOf(n), report.Error, PodsDepend, "nothing is proved")
	return &f
}
