package kustomize

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// Plain builds a kustomization without a fence, and runs no function. Of the options, it uses those
// of kustomize: Helm and LoadRestrictions.
func Plain(fsys filesys.FileSystem, dir string, opts Options) ([]*yaml.RNode, error) {
	g := newGuard(fsys, dir)
	m, err := runKrusty(g, dir, opts)
	if err := g.explain(err); err != nil {
		return nil, fmt.Errorf("build %s: %w", dir, err)
	}
	items := m.ToRNodeSlice()
	resource.ClearSources(items)
	return items, nil
}
