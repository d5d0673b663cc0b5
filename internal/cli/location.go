package cli

import (
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// location is where a text comes from.
type location struct {
	// file is the path to open, and displayPath the path in findings. Omitted: standard input.
	file, displayPath string
	// path is the file relative to the root, with symbolic links resolved. Omitted: unknown, for the
	// reason in unknownReason.
	path, unknownReason string
}

// locationOf is the location of a file below a root.
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

// readBuild reads the output of a build. The sources of its resources are unknown.
func readBuild(data []byte) ([]*yaml.RNode, error) {
	items, err := kio.FromBytes(data)
	resource.ClearSources(items)
	return items, err
}
