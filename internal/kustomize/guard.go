package kustomize

import (
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/tenantfence/tenantfence/internal/policy"
	tenantfence "github.com/tenantfence/tenantfence/internal/resource"
)

// guard is a file system without the files whose aliases cannot be expanded: kustomize
// expands them unchecked, which ends the process.
type guard struct {
	filesys.FileSystem
	// root is the directory that is built, symbolic links resolved.
	root  string
	found map[string]policy.Findings
}

func newGuard(fsys filesys.FileSystem, dir string) *guard {
	g := &guard{FileSystem: fsys, root: dir, found: map[string]policy.Findings{}}
	// A directory that does not exist is an error of whatever reads it.
	if root, err := filesys.ConfirmDir(fsys, dir); err == nil {
		g.root = root.String()
	}
	return g
}

// ReadFile refuses a file whose aliases cannot be expanded.
func (g *guard) ReadFile(path string) ([]byte, error) {
	content, err := g.FileSystem.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found := tenantfence.Aliases(content)
	if len(found) == 0 {
		return content, nil
	}
	shown := path
	if within, err := filepath.Rel(g.root, path); err == nil {
		shown = filepath.ToSlash(within)
	}
	for i := range found {
		found[i].Resource.File = shown
	}
	g.found[path] = found
	return nil, &MalformedError{found}
}

// explain replaces the error of a build that was refused a file.
func (g *guard) explain(err error) error {
	var all policy.Findings
	for _, found := range g.found {
		all = append(all, found...)
	}
	if len(all) == 0 {
		return err
	}
	return &MalformedError{all.Sort()}
}
