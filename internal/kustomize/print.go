package kustomize

import (
	"bytes"
	"cmp"
	"fmt"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/parallel"
	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// transformationsAnnotation is the annotation in which kustomize stores transformers.
const transformationsAnnotation = "alpha.config.kubernetes.io/transformations"

// write completes a build as kustomize does. It drops local-config items, sorts the rest, and
// writes them without build annotations.
func (b *build) write(nodes []*yaml.RNode) ([]byte, error) {
	var resources []*resource.Resource
	for _, n := range nodes {
		if !tenantfence.IsLocalConfig(n) {
			resources = append(resources, &resource.Resource{RNode: *n})
		}
	}
	if err := sortResources(resources, b.root.kustomization.SortOptions); err != nil {
		return nil, fmt.Errorf("%s: %w", b.root.displayPath, err)
	}
	texts, errs := make([][]byte, len(resources)), make([]error, len(resources))
	parallel.For(len(resources), func(i int) {
		var err error
		if texts[i], err = printResource(resources[i]); err != nil {
			errs[i] = fmt.Errorf("print %s: %w", describe(resources[i]), err)
		}
	})
	return bytes.Join(texts, []byte("---\n")), cmp.Or(errs...)
}

func printResource(r *resource.Resource) ([]byte, error) {
	tenantfence.ClearSource(&r.RNode)
	if err := setBuildAnnotations(r, ""); err != nil {
		return nil, err
	}
	return asYAML(r)
}

// setBuildAnnotations sets the origin, or removes it if it is empty, and removes all other annotations that
// kustomize sets during a build.
func setBuildAnnotations(r *resource.Resource, origin string) error {
	annotations := r.GetAnnotations()
	for _, a := range resource.BuildAnnotations {
		delete(annotations, a)
	}
	delete(annotations, transformationsAnnotation)
	delete(annotations, originAnnotation)
	if origin != "" {
		annotations[originAnnotation] = origin
	}
	return r.SetAnnotations(annotations)
}
