package kustomize

import (
	"cmp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"

	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// declaredID returns the namespace and name of a resource in the file that kustomize records as its
// origin, if a layer changed them. kustomize removes its own records of names, and a patch that keeps
// them would change the notation of numbers.
func (r *records) declaredID(res *resource.Resource) (namespace, name string) {
	declared := r.declaration(res)
	if declared == nil {
		return "", ""
	}
	namespace = declared.node.GetNamespace()
	if namespace == "" && res.GetNamespace() != "" {
		namespace = "default"
	}
	return tenantfence.DeclaredID(&res.RNode, namespace, declared.node.GetName())
}

// declaration returns the document from which kustomize made a resource: the one with the longest part
// of its name, or the only one of its kind.
func (r *records) declaration(res *resource.Resource) *document {
	origin := r.origin(res)
	if origin == "" {
		return nil
	}
	if d := r.unchanged[documentID{groupKind(&res.RNode), origin, res.GetNamespace(), res.GetName()}]; d.node != nil && res.GetName() != "" {
		return &d
	}
	var same, parts []document
	for _, d := range r.declared[groupKind(&res.RNode)][origin] {
		same = append(same, d)
		if name := d.node.GetName(); name != "" && strings.Contains(res.GetName(), name) {
			parts = append(parts, d)
		}
	}
	switch {
	case len(parts) > 0:
		best := slices.MinFunc(parts, func(a, b document) int { return compareDeclarations(res, a, b) })
		return &best
	case len(same) == 1:
		return &same[0]
	}
	return nil
}

// compareDeclarations orders documents: the longest names first, then those in the namespace of the
// resource.
func compareDeclarations(res *resource.Resource, a, b document) int {
	other := func(d document) int {
		if d.node.GetNamespace() == res.GetNamespace() {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(len(b.node.GetName()), len(a.node.GetName())), cmp.Compare(other(a), other(b)), cmp.Compare(a.node.GetName(), b.node.GetName()))
}
