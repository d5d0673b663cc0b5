package cli

import (
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// place is where a text comes from.
type place struct {
	// file is how it is opened, shown how findings name it. Omitted: it is piped in.
	file, shown string
	// path is the file relative to the root of what is read, symbolic links resolved.
	// Omitted: unknown, and why.
	path, unknown string
}

// placeOf is the place of a file below a root.
func placeOf(root, file, shown string) place {
	p := place{file: file, shown: shown, unknown: "its file is outside the folder that is read: read a folder that holds it"}
	from, err := filepath.EvalSymlinks(root)
	if err != nil {
		return p
	}
	to, err := filepath.EvalSymlinks(file)
	if err != nil {
		return p
	}
	if filepath.IsAbs(to) && !filepath.IsAbs(from) {
		if from, err = filepath.Abs(from); err != nil {
			return p
		}
	}
	within, err := filepath.Rel(from, to)
	if err != nil {
		return p
	}
	if local, ok := resource.LocalPath(within); ok {
		p.path, p.unknown = local, ""
	}
	return p
}

func (p place) source(index int) resource.Source {
	s := resource.Source{File: p.shown, Path: p.path, Unknown: p.unknown}
	if p.shown != "" {
		s.Index = index
	}
	return s
}

// readBuild reads a build that was printed. Where its resources come from is not known
// any more.
func readBuild(data []byte) ([]*yaml.RNode, error) {
	items, err := kio.FromBytes(data)
	resource.ClearSources(items)
	return items, err
}
