package kustomize

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// build is a build before kustomize runs: its layers, and the functions that they list.
// Resources are not read.
type build struct {
	fsys filesys.FileSystem
	opts Options
	// dir is the directory in the form that the caller used.
	dir  string
	root *layer
	// layers has each layer once, the root first.
	layers   []*layer
	seen     map[filesys.ConfirmedDir]*layer
	refusals []error
	factory  *resmap.Factory
}

// loadBuild reads the kustomizations of a build and the configs that they list.
func loadBuild(fsys filesys.FileSystem, dir string, opts Options) (*build, error) {
	confirmed, err := filesys.ConfirmDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", dir, err)
	}
	b := &build{
		fsys: fsys, opts: opts, dir: dir,
		seen:    map[filesys.ConfirmedDir]*layer{},
		factory: resmap.NewFactory(provider.NewDefaultDepProvider().GetResourceFactory()),
	}
	if b.root, err = b.visit(confirmed, filepath.Clean(dir)); err != nil {
		return nil, err
	}
	if len(b.refusals) > 0 {
		return nil, errors.Join(b.refusals...)
	}
	if !b.hasFence() {
		return nil, &NoFenceError{Dir: dir, Unread: b.remotes()}
	}
	return b, nil
}

// visit reads a layer and all layers that it lists, each once.
func (b *build) visit(dir filesys.ConfirmedDir, displayPath string) (*layer, error) {
	if l, ok := b.seen[dir]; ok {
		return l, nil
	}
	path, k, err := readKustomization(b.fsys, dir, displayPath)
	if err != nil {
		return nil, err
	}
	l := &layer{dir: dir, path: path, displayPath: filepath.Join(displayPath, filepath.Base(path)), kustomization: k}
	b.seen[dir] = l
	b.layers = append(b.layers, l)
	if err := b.listEntries(l); err != nil {
		return nil, err
	}
	for i, r := range slices.Concat(k.Resources, k.Bases) {
		if path := pathIn(dir, r); b.fsys.Exists(path) && !b.fsys.IsDir(path) {
			continue
		}
		if _, err := b.descend(l, "resources", i, r); err != nil {
			return nil, err
		}
	}
	for i, c := range k.Components {
		component, err := b.descend(l, "components", i, c)
		if err != nil {
			return nil, err
		}
		l.components = append(l.components, component)
	}
	return l, nil
}

// descend visits the directory that an entry names. It returns nil for a remote entry.
func (b *build) descend(l *layer, field string, index int, name string) (*layer, error) {
	if !b.fsys.IsDir(l.dir.Join(name)) {
		l.remotes = append(l.remotes, fmt.Sprintf("%s: %s[%d]: %s", l.displayPath, field, index, name))
		return nil, nil
	}
	dir, err := filesys.ConfirmDir(b.fsys, l.dir.Join(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %s[%d]: %w", l.displayPath, field, index, err)
	}
	child, err := b.visit(dir, filepath.Join(filepath.Dir(l.displayPath), name))
	if err != nil {
		return nil, fmt.Errorf("%s: %s[%d]: %w", l.displayPath, field, index, err)
	}
	child.listed++
	return child, nil
}

func (b *build) listEntries(l *layer) error {
	for _, f := range []struct {
		name    string
		entries []string
		into    *[]entry
	}{
		{"generators", l.kustomization.Generators, &l.generators},
		{"transformers", l.kustomization.Transformers, &l.transformers},
		{"validators", l.kustomization.Validators, &l.validators},
	} {
		entries, err := b.readEntries(l, f.name, f.entries)
		if err != nil {
			return err
		}
		*f.into = entries
	}
	for _, e := range l.validators {
		for _, c := range e.fences {
			b.refusals = append(b.refusals, fmt.Errorf("%s: %s cannot be a validator, because kustomize fails if a validator changes resources: list it under transformers",
				e.where, describe(c)))
		}
	}
	return nil
}

func (b *build) hasFence() bool {
	return slices.ContainsFunc(b.layers, func(l *layer) bool { return len(l.fences()) > 0 })
}

func (b *build) remotes() []string {
	var out []string
	for _, l := range b.layers {
		out = append(out, l.remotes...)
	}
	return out
}
