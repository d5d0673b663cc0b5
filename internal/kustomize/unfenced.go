package kustomize

import (
	"errors"
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// FencedError reports that a build already lists a TenantFence.
type FencedError struct {
	// Where is the file and field that lists it.
	Where string
}

func (e *FencedError) Error() string { return e.Where + ": lists a TenantFence" }

// Unfenced builds a kustomization that lists no TenantFence, and returns its items with the external
// resources, as a fence in a layer above receives them. It returns *FencedError if the build has a fence, and
// runs no function.
func Unfenced(fsys filesys.FileSystem, dir string, opts Options) ([]*yaml.RNode, error) {
	g := newGuard(fsys, dir)
	b, err := loadBuild(g, dir, opts)
	var unfenced *NoFenceError
	switch {
	case err == nil:
		return nil, &FencedError{Where: b.firstFence()}
	case !errors.As(err, &unfenced):
		return nil, g.explain(err)
	}
	root, err := filesys.ConfirmDir(g, dir)
	if err != nil {
		return nil, g.explain(err)
	}
	path, k, err := readKustomization(g, root, dir)
	if err != nil {
		return nil, g.explain(err)
	}
	o, r := newOverlay(g), newRecords(g, root)
	o.read, o.parsed = r.add, r.addParsed
	resources, err := accumulate(o, root, path, k, opts)
	if err := g.explain(err); err != nil {
		return nil, fmt.Errorf("build %s: %w", dir, err)
	}
	var items []*item
	var nodes []*yaml.RNode
	for _, res := range resources {
		items, nodes = append(items, &item{Resource: res}), append(nodes, &res.RNode)
	}
	resource.ClearSources(nodes)
	return nodes, r.recordSources(items)
}

// firstFence is where the first fence is listed.
func (b *build) firstFence() string {
	for _, l := range b.layers {
		for _, e := range l.fences() {
			return e.where
		}
	}
	return b.dir
}
