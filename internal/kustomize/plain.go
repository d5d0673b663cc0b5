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
	items, err := plain(g, dir, opts)
	if err := g.explain(err); err != nil {
		return nil, fmt.Errorf("build %s: %w", dir, err)
	}
	resource.ClearSources(items)
	return items, nil
}

func plain(g *guard, dir string, opts Options) ([]*yaml.RNode, error) {
	root, err := filesys.ConfirmDir(g, dir)
	if err != nil {
		return nil, err
	}
	path, k, err := readKustomization(g, root, dir)
	if err != nil {
		return nil, err
	}
	resources, err := accumulate(newOverlay(g), root, path, k, opts)
	if err != nil {
		return nil, err
	}
	var items []*yaml.RNode
	for _, r := range resources {
		if !resource.IsLocalConfig(&r.RNode) {
			items = append(items, &r.RNode)
		}
	}
	return items, nil
}
