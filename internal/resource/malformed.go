package resource

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
)

// MalformedItems finds items that are no resources, or have invalid metadata or structure. Only
// items without findings may be read, which all other code requires.
func MalformedItems(items []*yaml.RNode) report.Findings {
	var out report.Findings
	for i, n := range items {
		s := itemChecker{}
		s.item(n, i)
		out = append(out, s.findings...)
	}
	return out
}

// Readable returns the items that can be read, and the findings about malformed items of kinds that
// are read. It ignores other malformed items.
func Readable(items []*yaml.RNode) ([]*yaml.RNode, report.Findings) {
	var known []*yaml.RNode
	var out report.Findings
	for _, n := range items {
		found := MalformedItems([]*yaml.RNode{n})
		switch {
		case len(found) == 0:
			known = append(known, n)
		case isReadKind(found[0].Resource):
			out = append(out, found...)
		}
	}
	return known, out
}

type itemChecker struct {
	ref      report.Ref
	findings report.Findings
	// strict reports whether the item is of a kind that is read, which must have no null list
	// elements.
	strict bool
}

func (s *itemChecker) invalid(field, format string, args ...any) {
	s.findings = append(s.findings, report.New(report.ResourceMalformed, report.Error, s.ref, field, format, args...))
}

func (s *itemChecker) item(n *yaml.RNode, index int) {
	var root *yaml.Node
	if n != nil {
		root = content(n.YNode())
	}
	s.ref = partialRef(root)
	if root == nil || root.Kind != yaml.MappingNode {
		s.invalid("", "items[%d] is %s: it must be a resource with apiVersion, kind and metadata", index, describeNode(root))
		return
	}
	s.strict = isReadKind(s.ref)
	s.typeMeta(root, index)
	if list := child(root, "items"); list != nil && list.Kind == yaml.SequenceNode && (strings.HasSuffix(s.ref.Kind, "List") || containsKinds(list)) {
		s.invalid("items", "is a list of resources, which are not read: write each one as a separate resource")
		return
	}
	s.metadata(child(root, "metadata"))
	if invalid := (&expansion{}).check(root); invalid != nil {
		s.invalid(invalid.field, "%s", invalid.message)
		return
	}
	s.walk(root, "")
}

// ListsResources reports whether a document has resources in items. kubectl applies them for any
// kind of document.
func ListsResources(n *yaml.RNode) bool { return containsKinds(child(content(n.YNode()), "items")) }

func containsKinds(list *yaml.Node) bool {
	return list != nil && list.Kind == yaml.SequenceNode && slices.ContainsFunc(list.Content, func(n *yaml.Node) bool {
		kind := child(content(n), "kind")
		return kind != nil && kind.Kind == yaml.ScalarNode && kind.Value != ""
	})
}

func (s *itemChecker) typeMeta(root *yaml.Node, index int) {
	for _, field := range []string{"apiVersion", "kind"} {
		switch v := child(root, field); {
		case v == nil || isNull(v) || v.Value == "" && v.Kind == yaml.ScalarNode:
			s.invalid(field, "items[%d] has no %s: every resource needs one", index, field)
		case !isString(v):
			s.invalid(field, "must be a string, not %s", describeNode(v))
		}
	}
}

func (s *itemChecker) metadata(m *yaml.Node) {
	// Required fields of this project's kinds are checked where they are decoded.
	own := groupOf(s.ref.APIVersion) == v1alpha1.Group
	switch {
	case isNull(m) && own:
		return
	case isNull(m):
		s.invalid("metadata", "is missing: every resource needs metadata.name")
		return
	case m.Kind != yaml.MappingNode:
		s.invalid("metadata", "must be a mapping, not %s", describeNode(m))
		return
	}
	s.checkNames(m)
	for _, field := range []string{"labels", "annotations"} {
		if v := child(m, field); !isNull(v) {
			s.checkTexts("metadata."+field, v)
		}
	}
}

func (s *itemChecker) checkNames(m *yaml.Node) {
	own := groupOf(s.ref.APIVersion) == v1alpha1.Group
	for _, field := range []string{"name", "namespace"} {
		if v := child(m, field); v != nil && !isNull(v) && !isString(v) {
			s.invalid("metadata."+field, "must be a string, not %s", describeNode(v))
		}
	}
	if !own && isNull(child(m, "name")) && isNull(child(m, "generateName")) {
		s.invalid("metadata.name", "is missing: every resource needs one")
	}
}

func (s *itemChecker) checkTexts(at string, v *yaml.Node) {
	if v.Kind != yaml.MappingNode {
		s.invalid(at, "must be a mapping of strings, not %s", describeNode(v))
		return
	}
	for i := 0; i+1 < len(v.Content); i += 2 {
		if value := content(v.Content[i+1]); !isString(value) && v.Content[i].Tag != yaml.MergeTag {
			fix := "correct it"
			if value != nil && value.Kind == yaml.ScalarNode && !isNull(value) {
				fix = "quote it"
			}
			s.invalid(at+"["+v.Content[i].Value+"]", "must be a string, not %s: %s", describeNode(value), fix)
		}
	}
}

// walk finds ambiguous content. All aliases can be expanded.
func (s *itemChecker) walk(n *yaml.Node, at string) {
	if n = content(n); n == nil {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		s.walkMapping(n, at)
	case yaml.SequenceNode:
		for i, c := range n.Content {
			at := fmt.Sprintf("%s[%d]", at, i)
			if s.strict && isNull(content(c)) {
				s.invalid(at, "is null: remove it, or write the intended value")
			}
			s.walk(c, at)
		}
	}
}

func (s *itemChecker) walkMapping(n *yaml.Node, at string) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := content(n.Content[i])
		field := strings.TrimPrefix(at+"."+keyOf(key), ".")
		switch {
		case key == nil || key.Kind != yaml.ScalarNode:
			s.invalid(field, "has the key %s: a key must be a string", describeNode(key))
		case seen[key.Value]:
			s.invalid(field, "occurs twice, so its value is undefined: keep one")
		default:
			seen[key.Value] = true
		}
		s.walk(n.Content[i+1], field)
	}
}

func keyOf(key *yaml.Node) string {
	if key == nil || key.Kind != yaml.ScalarNode {
		return "?"
	}
	return key.Value
}

// isReadKind reports whether fields of a kind other than its metadata are read.
func isReadKind(r report.Ref) bool {
	group, kind := groupOf(r.APIVersion), r.Kind
	_, template := templatePath[coreOr(group)+"/"+kind]
	return template || group == v1alpha1.Group || group == "" && (kind == "Service" || kind == "Namespace" || kind == "Node") ||
		group == "cilium.io" || group == "networking.k8s.io" || group == "discovery.k8s.io"
}

func coreOr(group string) string {
	if group == "" {
		return "v1"
	}
	return group
}

// content returns the node of a document or of an alias.
func content(n *yaml.Node) *yaml.Node {
	for range 100 {
		switch {
		case n == nil:
			return nil
		case n.Kind == yaml.AliasNode:
			n = n.Alias
		case n.Kind == yaml.DocumentNode && len(n.Content) > 0:
			n = n.Content[0]
		default:
			return n
		}
	}
	return nil
}

func child(n *yaml.Node, field string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == field {
			return content(n.Content[i+1])
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == 0 || n.Kind == yaml.ScalarNode && n.Tag == yaml.NodeTagNull
}

func isString(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && (n.Tag == yaml.NodeTagString || n.Tag == "" && n.Value != "" || n.Tag == "!")
}

func describeNode(n *yaml.Node) string {
	switch {
	case isNull(n):
		return "null"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == yaml.NodeTagInt || n.Tag == yaml.NodeTagFloat:
		return "the number " + n.Value
	case n.Tag == yaml.NodeTagBool:
		return "the boolean " + n.Value
	case n.Tag == yaml.NodeTagString || n.Tag == "":
		return fmt.Sprintf("the string %q", n.Value)
	default:
		return n.Tag
	}
}

// partialRef refers to an item by the names that it has. Unlike RefOf it accepts malformed items.
func partialRef(root *yaml.Node) report.Ref {
	text := func(n *yaml.Node) string {
		if n == nil || n.Kind != yaml.ScalarNode || isNull(n) {
			return ""
		}
		return n.Value
	}
	m := child(root, "metadata")
	ref := report.Ref{APIVersion: text(child(root, "apiVersion")), Kind: text(child(root, "kind")), Namespace: text(child(m, "namespace")), Name: text(child(m, "name"))}
	source := SourceOf(yaml.NewRNode(root))
	ref.File, ref.Index = source.File, source.Index
	return ref
}
