package resource

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

type foundTemplate struct {
	node *yaml.Node
	// path is the path of the template. An element of a list has its name or, without one, its
	// position.
	path []pathStep
	// namespace is the namespace of an embedded resource that contains the template, or "" for the
	// resource's own.
	namespace string
}

type pathStep struct {
	name string
	// index is the position in a list, -1 for a field.
	index int
}

// field returns the path of a template as reports print it.
func (t foundTemplate) field() string {
	var out strings.Builder
	for i, s := range t.path {
		switch {
		case s.index >= 0:
			out.WriteString("[" + strconv.Itoa(s.index) + "]")
		case i > 0:
			out.WriteString("." + s.name)
		default:
			out.WriteString(s.name)
		}
	}
	return out.String()
}

// item returns the name of the innermost list element or map entry with the template, or "" if it
// has none.
func (t foundTemplate) item() string {
	for _, s := range slices.Backward(t.path) {
		if s.index >= 0 {
			return s.name
		}
	}
	return ""
}

// inJobTemplate reports whether the template belongs to a Job, whose controller adds labels.
func (t foundTemplate) inJobTemplate() bool {
	n := len(t.path)
	return n >= 3 && t.path[n-1].name == "template" && t.path[n-2].name == "spec" &&
		(strings.HasSuffix(t.path[n-3].name, "jobTemplate") || t.path[n-3].name == "job")
}

type templates struct {
	found []foundTemplate
	// containersOutside are fields that list containers outside a pod template, so the labels of
	// their pods are unknown.
	containersOutside []string
	// hostNetwork are fields outside pod templates that enable the host network.
	hostNetwork []string
}

// templatesOf finds every pod template in a resource: a mapping with spec.containers.
func templatesOf(n *yaml.RNode) templates {
	var t templates
	t.walk(content(n.YNode()), nil, "")
	return t
}

func (t *templates) walk(n *yaml.Node, path []pathStep, namespace string) {
	if n = content(n); n == nil {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		t.mapping(n, path, namespace)
	case yaml.SequenceNode:
		for i, c := range n.Content {
			t.walk(c, append(slices.Clone(path), pathStep{elementName(c, i), i}), namespace)
		}
	}
}

func (t *templates) mapping(n *yaml.Node, path []pathStep, namespace string) {
	if len(path) > 0 {
		namespace = cmp.Or(embeddedNamespace(n), namespace)
	}
	if listsContainers(child(child(n, "spec"), "containers")) {
		t.found = append(t.found, foundTemplate{node: n, path: path, namespace: namespace})
		return
	}
	if h := child(n, "hostNetwork"); isScalar(h) && h.Value == "true" {
		t.hostNetwork = append(t.hostNetwork, foundTemplate{path: append(slices.Clone(path), pathStep{"hostNetwork", -1})}.field())
	}
	if listsContainers(child(n, "containers")) {
		t.containersOutside = append(t.containersOutside, foundTemplate{path: append(slices.Clone(path), pathStep{"containers", -1})}.field())
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := content(n.Content[i])
		if len(path) == 0 && key != nil && (key.Value == "metadata" || key.Value == "status") {
			continue
		}
		t.walk(n.Content[i+1], append(slices.Clone(path), pathStep{keyOf(key), -1}), namespace)
	}
}

// embeddedNamespace returns the namespace of an embedded resource, or "" for other mappings.
func embeddedNamespace(n *yaml.Node) string {
	ns := child(child(n, "metadata"), "namespace")
	if child(n, "kind") == nil || child(n, "apiVersion") == nil || !isScalar(ns) {
		return ""
	}
	return ns.Value
}

// listsContainers reports whether a list has containers: mappings with a name and an image. Kinds
// with defaults may omit either.
func listsContainers(list *yaml.Node) bool {
	if list == nil || list.Kind != yaml.SequenceNode {
		return false
	}
	return slices.ContainsFunc(list.Content, func(c *yaml.Node) bool {
		return isScalar(child(content(c), "image")) || isScalar(child(content(c), "name"))
	})
}

func isScalar(n *yaml.Node) bool { return !isNull(n) && n.Kind == yaml.ScalarNode }

func elementName(n *yaml.Node, index int) string {
	if name := child(content(n), "name"); isScalar(name) {
		return name.Value
	}
	return strconv.Itoa(index)
}

// distinguishingNames returns short names for the templates of one resource: their paths without
// common first and last segments. A single template has no such name.
func distinguishingNames(found []foundTemplate) []string {
	out := make([]string, len(found))
	if len(found) < 2 {
		return out
	}
	paths := make([][]string, len(found))
	for i, t := range found {
		for _, s := range t.path {
			paths[i] = append(paths[i], s.name)
		}
	}
	for sameStep(paths, func([]string) int { return 0 }) {
		each(paths, func(p []string) []string { return p[1:] })
	}
	for sameStep(paths, func(p []string) int { return len(p) - 1 }) {
		each(paths, func(p []string) []string { return p[:len(p)-1] })
	}
	for i, p := range paths {
		out[i] = strings.Join(p, ".")
	}
	if slices.Contains(out, "") || len(slices.Compact(slices.Sorted(slices.Values(out)))) < len(out) {
		for i, t := range found {
			out[i] = strings.NewReplacer("[", ".", "]", "").Replace(t.field())
		}
	}
	return out
}

// sameStep reports whether all paths have the same segment at a position, and have other segments
// too.
func sameStep(paths [][]string, at func([]string) int) bool {
	return !slices.ContainsFunc(paths, func(p []string) bool {
		return len(p) < 2 || p[at(p)] != paths[0][at(paths[0])]
	})
}

func each(paths [][]string, cut func([]string) []string) {
	for i, p := range paths {
		paths[i] = cut(p)
	}
}
