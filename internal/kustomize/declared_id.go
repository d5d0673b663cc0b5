package kustomize

import (
	"sigs.k8s.io/kustomize/api/resource"

	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// Copies of the annotations in which kustomize keeps the namespaces and names before each layer.
// It removes its own when a build is complete.
const (
	namespacesAnnotation = "internal.tenantfence.dev/previous-namespaces"
	namesAnnotation      = "internal.tenantfence.dev/previous-names"

	keepDeclaredIDsTransformer = `{"apiVersion": "builtin", "kind": "PatchTransformer", "metadata": {"name": "tenantfence-keep-declared-ids"},
"target": {"annotationSelector": "internal.config.kubernetes.io/previousNames"},
"patch": "[{\"op\": \"copy\", \"from\": \"/metadata/annotations/internal.config.kubernetes.io~1previousNames\", \"path\": \"/metadata/annotations/internal.tenantfence.dev~1previous-names\"},{\"op\": \"copy\", \"from\": \"/metadata/annotations/internal.config.kubernetes.io~1previousNamespaces\", \"path\": \"/metadata/annotations/internal.tenantfence.dev~1previous-namespaces\"}]"}`
)

// keepDeclaredIDs are the transformers that keep the copies. Only a fence that receives the resources
// reports names.
func (p *plan) keepDeclaredIDs() []string {
	if len(p.chain) == 0 {
		return nil
	}
	return []string{keepDeclaredIDsTransformer}
}

// takeDeclaredID returns the namespace and name of a resource before all layers, if they differ,
// and removes the copies.
func takeDeclaredID(r *resource.Resource) (namespace, name string, err error) {
	a := r.GetAnnotations()
	namespace, name = tenantfence.DeclaredID(&r.RNode, a[namespacesAnnotation], a[namesAnnotation])
	if _, ok := a[namesAnnotation]; !ok {
		return namespace, name, nil
	}
	delete(a, namespacesAnnotation)
	delete(a, namesAnnotation)
	return namespace, name, r.SetAnnotations(a)
}
