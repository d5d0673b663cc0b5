package kustomize

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// overlay is a file system with some files replaced or added.
type overlay struct {
	filesys.FileSystem
	// files has the contents by the paths that kustomize reads: the directory of the layer
	// with symbolic links resolved, joined with its entry.
	files map[string][]byte
	// read receives each file that is read unchanged. Omitted: no call.
	read func(path string, content []byte)
	// parsed receives the resources of each file that is read without kustomize. Omitted: no call.
	parsed func(path string, resources []*resource.Resource)
}

func newOverlay(fsys filesys.FileSystem) *overlay {
	return &overlay{FileSystem: fsys, files: map[string][]byte{}}
}

// serve sets the kustomization as the content of a path.
func (o *overlay) serve(path string, k types.Kustomization) error {
	content, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	o.files[path] = content
	return nil
}

func (o *overlay) ReadFile(path string) ([]byte, error) {
	if content, ok := o.files[path]; ok {
		return content, nil
	}
	content, err := o.FileSystem.ReadFile(path)
	if err == nil && o.read != nil {
		o.read(path, content)
	}
	return content, err
}

func (o *overlay) Exists(path string) bool {
	_, ok := o.files[path]
	return ok || o.FileSystem.Exists(path)
}

func (o *overlay) IsDir(path string) bool {
	_, ok := o.files[path]
	return !ok && o.FileSystem.IsDir(path)
}

func (o *overlay) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	if _, ok := o.files[path]; !ok {
		return o.FileSystem.CleanedAbs(path)
	}
	// Do not resolve links: kustomize would read another path.
	return filesys.ConfirmedDir(filepath.Dir(path)), filepath.Base(path), nil
}
