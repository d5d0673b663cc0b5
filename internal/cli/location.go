package cli

import (
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// location is where a text comes from.
type location struct {
	// file is how it is opened, shown how findings name it. Omitted: it is piped in.
	file, displayPath string
	// path is the file relative to the root of what is read, symbolic links resolved.
	// Omitted: unknown, and why.
	path, unknownReason string
}

// locationOf is the place of a file below a root.
func locationOf(root, file, displayPath string) location {
	p := location{file: file, displayPath: displayPath, unknownReason: "its file is outside the folder that is read: read a folder that contains it"}
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
	relative, err := filepath.Rel(from, to)
	if err != nil {
		return p
	}
	if local, ok := resource.LocalPath(relative); ok {
		p.path, p.unknownReason = local, ""
	}
	return p
}

func (p location) source(index int) resource.Source {
	s := resource.Source{File: p.displayPath, Path: p.path, Unknown: p.unknownReason}
	if p.displayPath != "" {
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
