package resource

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
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
// ${NAME} in whatever this function may read; or the resource itself where there is no
// reference. What has no value stays as it is, and is reported.
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
	// A value may be a number or a boolean where no quotes are around it.
	if out, err = yaml.Parse(text); err != nil {
		return nil, nil, fmt.Errorf("substitute variables in %s: %w", RefOf(n), err)
	}
	return out, s.unknown, nil
}

// isOpaqueData reports whether a resource holds what others read, as scripts, in which ${ has
// another meaning. The configuration of Cilium's agents is read here.
func isOpaqueData(n *yaml.RNode) bool {
	kind := groupKind(n)
	return kind == "v1/Secret" || kind == "v1/ConfigMap" && n.GetName() != agentConfigMap
}

type substitution struct {
	variables map[string]string
	paths     [][]string
	unknown   []Unsubstituted
}

// find finds the fields with references.
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

// AffectsTraffic reports whether traffic depends on a value that is missing: in a policy on all that
// it declares; else on which namespaces, Services and pods exist, under which names, labels
// and ports. In commands, arguments and settings, ${ is usual and changes no traffic.
func (u Unsubstituted) AffectsTraffic(n *yaml.RNode, isPolicy, makesPods bool) bool {
	kind := groupKind(n)
	switch {
	case u.isAtOrBelow("metadata.name") || u.isAtOrBelow("metadata.namespace"):
		return true
	case isPolicy:
		return !u.isAtOrBelow("metadata") || n.GetKind() == KindCIDRGroup && u.isAtOrBelow("metadata.labels")
	case ConfiguresAgents(n):
		return slices.ContainsFunc(policy.Settings(), func(s policy.Setting) bool { return strings.HasSuffix(u.Field, "."+s.Key) })
	case kind == "v1/Namespace":
		return u.isAtOrBelow("metadata.labels")
	case kind == "v1/Service":
		return u.isAtOrBelow("spec.selector") || u.isAtOrBelow("spec.ports")
	}
	return makesPods && u.affectsPods(n)
}

// isAtOrBelow reports whether the field is one, or is in it.
func (u Unsubstituted) isAtOrBelow(field string) bool {
	rest, ok := strings.CutPrefix(u.Field, field)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// affectsPods reports whether a field of a resource that makes pods holds labels, ports or the
// network of pods. Those of the resource itself count where its pods have them.
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
			// Keys of annotations matter, and their values do not.
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

// Finding is that a value is missing on which something depends.
func (u Unsubstituted) Finding(ref report.Ref, severity report.Severity, dependent, consequence string) report.Finding {
	fix := "add " + u.Name + " to the TenantFence's spec.variables, with the value that Flux substitutes"
	if u.Name == "" {
		fix = "write ${NAME} alone, and give NAME a value in the TenantFence's spec.variables"
	}
	return report.New(report.VariableUnsubstituted, severity, ref, u.Field, "%s has no value, and %s depends on it, so %s: %s", u.Reference, dependent, consequence, fix)
}

// PodsDepend is what depends on a variable in a resource that is no policy.
const PodsDepend = "which pods policies select"

// missingVariable is the variable without a value because of which a resource cannot be read, nil
// where there is none.
func missingVariable(n *yaml.RNode) *report.Finding {
	_, missing, err := Substitute(n, nil)
	i := slices.IndexFunc(missing, func(u Unsubstituted) bool { return u.AffectsTraffic(n, false, true) })
	if err != nil || i < 0 {
		return nil
	}
	f := missing[i].Finding(RefOf(n), report.Error, PodsDepend, "nothing is proved")
	return &f
}
