package kustomize

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// write completes a build as kustomize does. It drops local-config items, sorts the rest, and
// writes them without build annotations.
func (b *build) write(nodes []*yaml.RNode) ([]byte, error) {
	resources, err := b.factory.RF().DropLocalNodes(nodes)
	if err != nil {
		return nil, fmt.Errorf("drop local-config items: %w", err)
	}
	if err := sortResources(resources, b.root.kustomization.SortOptions); err != nil {
		return nil, fmt.Errorf("%s: %w", b.root.displayPath, err)
	}
	var out bytes.Buffer
	for i, r := range resources {
		content, err := printResource(r)
		if err != nil {
			return nil, fmt.Errorf("print %s: %w", describe(r), err)
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(content)
	}
	return out.Bytes(), nil
}

func printResource(r *resource.Resource) ([]byte, error) {
	tenantfence.ClearSource(&r.RNode)
	r.RemoveBuildAnnotations()
	if err := r.SetOrigin(nil); err != nil {
		return nil, err
	}
	if err := r.ClearTransformations(); err != nil {
		return nil, err
	}
	return r.AsYAML()
}
