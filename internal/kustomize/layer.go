package kustomize

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// layer is a kustomization of the build: the root, or one that it lists.
type layer struct {
	// dir is the absolute path of its directory.
	dir filesys.ConfirmedDir
	// path is the absolute path of its kustomization file.
	path string
	// displayPath is that path in the form that the caller used.
	displayPath string
	// kustomization is the unchanged file: deprecated fields are not moved.
	kustomization types.Kustomization

	generators, transformers, validators []entry
	// components has an element for each entry of the field, nil for a remote one.
	components []*layer
	// remotes are the entries that are not local files or directories.
	remotes []string
	// listed counts the entries of other layers that list this one.
	listed int
}

// fences returns the entries that contain a TenantFence.
func (l *layer) fences() []entry {
	all := slices.Concat(l.generators, l.transformers, l.validators)
	return slices.DeleteFunc(all, func(e entry) bool { return len(e.fences) == 0 })
}

// pathIn returns the path that an entry of a kustomization names. It may be absolute.
func pathIn(dir filesys.ConfirmedDir, entry string) string {
	if filepath.IsAbs(entry) {
		return entry
	}
	return dir.Join(entry)
}

// readKustomization returns the path and the content of the kustomization file of a directory.
func readKustomization(fsys filesys.FileSystem, dir filesys.ConfirmedDir, displayPath string) (string, types.Kustomization, error) {
	var k types.Kustomization
	var found []string
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if path := dir.Join(name); fsys.Exists(path) && !fsys.IsDir(path) {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", k, fmt.Errorf("%s: no kustomization file (%s)", displayPath, strings.Join(konfig.RecognizedKustomizationFileNames(), ", "))
	case 1:
	default:
		return "", k, fmt.Errorf("%s: several kustomization files: %s", displayPath, strings.Join(found, ", "))
	}
	path := dir.Join(found[0])
	content, err := fsys.ReadFile(path)
	if err != nil {
		return "", k, fmt.Errorf("read %s: %w", filepath.Join(displayPath, found[0]), err)
	}
	if err := k.Unmarshal(content); err != nil {
		return "", k, fmt.Errorf("read %s: %w", filepath.Join(displayPath, found[0]), err)
	}
	return path, k, nil
}
