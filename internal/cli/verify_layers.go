package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/tenantfence/tenantfence/internal/kustomize"
)

// layers are the resources of the kustomizations in a folder that is not built, by their folders. Flux and
// kubectl -k build them, so they may only list files.
type layers map[string][]string

// add reads a kustomization. file is relative to the folder root.
func (l layers) add(root, file string) error {
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return fmt.Errorf("read the target: %w", err)
	}
	if documents, err := (&kio.ByteReader{Reader: bytes.NewReader(content), OmitReaderAnnotations: true, DisableUnwrapping: true}).Read(); err != nil || len(documents) > 1 {
		return fmt.Errorf("%s: has several YAML documents: some programs apply all of them, and kustomize reads one: move the others to files of their own", file)
	}
	var k types.Kustomization
	if err := k.Unmarshal(content); err != nil {
		return fmt.Errorf("%s is not a valid kustomization: correct it: %w", file, err)
	}
	dir, lists := path.Dir(file), k.Resources
	k.MetaData, k.Resources = nil, nil
	if names := kustomize.Fields(k); len(names) > 0 {
		return fmt.Errorf("%s: changes the applied resources (%s), so the files in its folder are not the ones to verify: verify the output of kustomize build %s, or name that folder",
			file, strings.Join(names, ", "), dir)
	}
	l[dir] = []string{}
	for _, resource := range lists {
		listed := path.Join(dir, resource)
		if err := checkListed(root, file, resource, listed); err != nil {
			return err
		}
		l[dir] = append(l[dir], listed)
	}
	return nil
}

// checkListed refuses resources of a kustomization that verify does not read.
func checkListed(root, file, resource, listed string) error {
	info, err := os.Stat(filepath.Join(root, filepath.FromSlash(listed)))
	manifest := isManifest(path.Base(listed))
	switch {
	case strings.HasPrefix(listed, "../") || path.IsAbs(resource) || strings.Contains(resource, "://"):
		return fmt.Errorf("%s: lists %s, which is outside the folder to verify: verify the output of kustomize build %s", file, resource, path.Dir(file))
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: lists %s, which does not exist: correct it", file, resource)
	case err != nil:
		return fmt.Errorf("%s: lists %s, which cannot be read: %w", file, resource, err)
	case !info.IsDir() && !manifest:
		return fmt.Errorf("%s: lists %s, which is not read, because its name is not that of a YAML or JSON file: rename it", file, resource)
	}
	return nil
}

// check refuses files that no kustomization in their folder or a parent folder lists: they are not
// applied.
func (l layers) check(files []string) error {
	for _, file := range files {
		for dir := path.Dir(file); ; dir = path.Dir(dir) {
			lists, ok := l[dir]
			if ok && !slices.Contains(lists, file) {
				return fmt.Errorf("%s: is not listed in the kustomization of its folder (%s), so it is not applied: list it, or move it to another folder", file, dir)
			}
			if ok || dir == "." {
				break
			}
		}
	}
	return nil
}

func isKustomizationFile(name string) bool {
	return slices.Contains(konfig.RecognizedKustomizationFileNames(), name)
}

// isManifest reports whether kubectl applies a file of this name from a folder.
func isManifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name))
}
