package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
)

// layers are the kustomizations in a folder that is read as it is, by their folders, with
// what each lists. Flux and kubectl -k build them, so they may only list files.
type layers map[string][]string

// add reads a kustomization. file is relative to the folder root.
func (l layers) add(root, file string) error {
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return fmt.Errorf("read what to verify: %w", err)
	}
	var k types.Kustomization
	if err := k.Unmarshal(content); err != nil {
		return fmt.Errorf("%s is no kustomization: correct it: %w", file, err)
	}
	lists := k.Resources
	k.TypeMeta, k.MetaData, k.Resources = types.TypeMeta{}, nil, nil
	var fields map[string]any
	if content, err = json.Marshal(k); err == nil {
		err = json.Unmarshal(content, &fields)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	dir := path.Dir(file)
	if len(fields) > 0 {
		names := make([]string, 0, len(fields))
		for name := range fields {
			names = append(names, name)
		}
		slices.Sort(names)
		return fmt.Errorf("%s: changes what is applied (%s), so the files beside it are not what to verify: verify what kustomize build %s prints, or name that folder",
			file, strings.Join(names, ", "), dir)
	}
	l[dir] = []string{}
	for _, resource := range lists {
		listed := path.Join(dir, resource)
		info, err := os.Stat(filepath.Join(root, filepath.FromSlash(listed)))
		switch {
		case strings.HasPrefix(listed, "../") || path.IsAbs(resource) || strings.Contains(resource, "://"):
			return fmt.Errorf("%s: lists %s, which is not in the folder that is verified: verify what kustomize build %s prints", file, resource, dir)
		case err != nil && !isManifest(path.Base(listed)):
			return fmt.Errorf("%s: lists %s, which does not exist: correct it", file, resource)
		case err == nil && !info.IsDir() && !isManifest(path.Base(listed)):
			return fmt.Errorf("%s: lists %s, which is not read, since it is no YAML or JSON file by its name: rename it", file, resource)
		}
		l[dir] = append(l[dir], listed)
	}
	return nil
}

// check refuses files that a kustomization beside or above them does not list: they are not
// applied.
func (l layers) check(files []string) error {
	for _, file := range files {
		for dir := path.Dir(file); ; dir = path.Dir(dir) {
			lists, ok := l[dir]
			if ok && !slices.Contains(lists, file) {
				return fmt.Errorf("%s: is not listed in the kustomization of its folder (%s), so it is not applied: list it, or move it elsewhere", file, dir)
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
