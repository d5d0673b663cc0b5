package kustomize

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/resid"
)

// accumulation builds a kustomization as kustomize does, but keeps its local-config items.
//
// kustomize compares each resource with all others, so that its time grows with the square of their
// number. A layer that only lists resources needs no kustomize: its files are read here, and kustomize
// builds only the layers in it that change resources, some at a time. kustomize alone decides where this
// is not certainly exact, and finds the text of every error.
type accumulation struct {
	fsys *overlay
	opts Options
	root *union
	// factory parses files as kustomize does.
	factory *resource.Factory
	// maxGroup is the largest number of parts that kustomize builds together.
	maxGroup int
	// maxDocuments is the largest number of documents in files that kustomize builds together.
	maxDocuments int
	groups       []*group
}

// The usual numbers of parts, and of documents in their files, that kustomize builds together. A run has fixed
// costs, and others that grow with the square.
const (
	defaultGroup     = 16
	defaultDocuments = 64
)

// errInexact reports that the union of the parts is not certainly the result of kustomize.
var errInexact = errors.New("kustomize must build this as a whole")

// accumulate builds the kustomization k, which replaces the file at path in dir.
func accumulate(fsys *overlay, dir filesys.ConfirmedDir, path string, k types.Kustomization, opts Options) ([]*resource.Resource, error) {
	return newAccumulation(fsys, dir, path, k, opts).run()
}

func (a *accumulation) run() ([]*resource.Resource, error) {
	resources, err := a.union()
	if errors.Is(err, errInexact) {
		return a.whole()
	}
	return resources, err
}

func newAccumulation(fsys *overlay, dir filesys.ConfirmedDir, path string, k types.Kustomization, opts Options) *accumulation {
	return &accumulation{
		fsys: fsys, opts: opts,
		root:     &union{dir: dir, path: path, kustomization: k},
		factory:  provider.NewDefaultDepProvider().GetResourceFactory(),
		maxGroup: defaultGroup, maxDocuments: defaultDocuments,
	}
}

// whole has kustomize build everything.
func (a *accumulation) whole() ([]*resource.Resource, error) {
	o := newOverlay(a.fsys)
	if err := o.keepLocalConfig(a.root.dir, a.root.path, a.root.kustomization); err != nil {
		return nil, err
	}
	m, err := runKrusty(o, a.root.dir.String(), a.opts)
	if err != nil {
		return nil, err
	}
	resources := m.Resources()
	return resources, restoreLocalConfig(resources)
}

func (a *accumulation) union() ([]*resource.Resource, error) {
	f := &flattener{fsys: a.fsys, visited: map[filesys.ConfirmedDir]bool{}}
	if !f.flatten(a.root) {
		return nil, errInexact
	}
	for _, step := range []func() error{
		func() error { return a.read(f.parts) },
		a.runGroups,
		a.findCollision,
		a.joinReferences,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	for _, warning := range f.deprecated {
		fmt.Fprintln(os.Stderr, warning)
	}
	var out []*resource.Resource
	for _, g := range a.groups {
		out = append(out, g.resources...)
	}
	if order := a.root.kustomization.SortOptions; order != nil && sortResources(out, order) != nil {
		return nil, errInexact
	}
	return out, nil
}

// findCollision returns kustomize's error for two resources with one ID.
func (a *accumulation) findCollision() error {
	first := map[resid.ResId]*group{}
	for _, g := range a.groups {
		for _, r := range g.resources {
			i := item{Resource: r}
			if !g.isRead {
				// kustomize compares names without their hash.
				if err := i.stripHash(); err != nil {
					return errInexact
				}
			}
			id := identity(i.Resource)
			other := first[id]
			if other == nil {
				first[id] = g
				continue
			}
			if other == g {
				other = &group{}
			}
			if _, err := a.runPruned(wholeFiles(slices.Concat(other.parts, g.parts)), nil); err != nil {
				return err
			}
			return errInexact
		}
	}
	return nil
}
