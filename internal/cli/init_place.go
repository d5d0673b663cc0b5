package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/draft"
)

// fencePlace is where init reads and writes.
type fencePlace struct {
	// dir and displayPath are the folders as messages name them, and out is the folder to write.
	dir, displayPath, out string
	// base is the path of the existing kustomization from out, with slashes.
	base string
	// name is the name of the fence.
	name string
}

// newFencePlace checks the folder of an existing kustomization, and the folder to write.
func newFencePlace(dir, out string) (fencePlace, error) {
	p := fencePlace{dir: filepath.Clean(dir), displayPath: filepath.Clean(out)}
	root, err := resolvedPath(dir)
	if err != nil {
		return p, fmt.Errorf("init: %w", err)
	}
	if err := checkKustomization(dir); err != nil {
		return p, err
	}
	if out == "" {
		if isTop(root) {
			return p, fmt.Errorf("%s is the root of a repository, so nothing in it can list it: kustomize refuses a layer inside the folder that it lists: move the kustomization and its files to a folder (deploy) and run tenantfence init deploy", dir)
		}
		p.displayPath = defaultFolder(p.dir, root)
	}
	parent, err := resolvedPath(filepath.Dir(p.displayPath))
	if err != nil {
		return p, fmt.Errorf("--output-dir: the folder above it must exist: %w", err)
	}
	p.out = filepath.Join(parent, filepath.Base(p.displayPath))
	base, err := filepath.Rel(p.out, root)
	if err != nil {
		return p, fmt.Errorf("--output-dir: %w", err)
	}
	p.base, p.name = filepath.ToSlash(base), fenceName(filepath.Base(root))
	if inside, err := filepath.Rel(root, p.out); err == nil && filepath.IsLocal(inside) {
		return p, fmt.Errorf("%s is inside %s, which it must list: kustomize refuses a layer inside the folder that it lists: name a folder next to it, as --output-dir %s", p.displayPath, dir, defaultFolder(p.dir, root))
	}
	return p, checkNewFolder(p.out, p.displayPath)
}

// resolvedPath is an absolute path without symbolic links.
func resolvedPath(path string) (string, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(resolved)
}

// defaultFolder is the folder next to a kustomization. root is the absolute path of dir.
func defaultFolder(dir, root string) string {
	if base := filepath.Base(dir); base == "." || base == ".." {
		return filepath.Join(dir, "..", filepath.Base(root)+"-fence")
	}
	return dir + "-fence"
}

// checkKustomization returns an error for a folder without a kustomization.
func checkKustomization(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("init: %w", err)
	case !info.IsDir():
		return fmt.Errorf("%s is a file: name the folder with its kustomization", dir)
	case isComponent(dir):
		return fmt.Errorf("%s is a Component, which changes the kustomization that lists it: name that kustomization instead", dir)
	case isKustomization(dir):
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "Kptfile")); err == nil {
		return fmt.Errorf("%s is a kpt package, and init writes a layer above a kustomization: add a FenceProfile, Tenants and a TenantFence to the package, and exec: tenantfence to the mutators of its Kptfile", dir)
	}
	return fmt.Errorf("%s has no kustomization: write one that lists its files (kustomize create --autodetect --recursive in this folder), and run init again", dir)
}

// isComponent reports whether the kustomization of a folder has the kind Component.
func isComponent(dir string) bool {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if n, err := yaml.Parse(string(data)); err == nil && n.GetKind() == "Component" {
			return true
		}
	}
	return false
}

// isTop reports whether a folder is the root of a repository or of the file system.
func isTop(root string) bool {
	_, err := os.Stat(filepath.Join(root, ".git"))
	return err == nil || filepath.Dir(root) == root
}

// checkNewFolder returns an error for a folder with files.
func checkNewFolder(out, displayPath string) error {
	if info, err := os.Lstat(out); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a folder, and init never changes files: name another folder with --output-dir", displayPath)
	}
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return fmt.Errorf("--output-dir: %w", err)
	}
	return fmt.Errorf("%s is not empty, and init never changes files: name another folder with --output-dir, or remove it", displayPath)
}

var notInName = regexp.MustCompile(`[^a-z0-9-]+`)

// fenceName is the name of a fence for a folder.
func fenceName(folder string) string {
	const maxName = 63
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(folder), "-"), "-")
	if name == "" {
		return draft.ProfileName
	}
	return strings.Trim(name[:min(len(name), maxName)], "-")
}

// writeNewFolder writes the files of a new or empty folder: all of them or, with an error, none.
func writeNewFolder(out string, files []draft.File) (err error) {
	const folderMode, fileMode = 0o755, 0o644
	_, existing := os.Stat(out)
	isNew := errors.Is(existing, os.ErrNotExist)
	// An existing folder stays: it may be the working directory.
	in := out
	if isNew {
		in = filepath.Dir(out)
	}
	temporary, err := os.MkdirTemp(in, ".tenantfence-init-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write %s: %w", out, err), os.RemoveAll(temporary))
		}
	}()
	if err := os.Chmod(temporary, folderMode); err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(temporary, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.Content, fileMode); err != nil {
			return err
		}
	}
	if isNew {
		return os.Rename(temporary, out)
	}
	return moveInto(temporary, out)
}

// moveInto moves the files of a folder inside another one into that one, and removes the folder: all of them or, with
// an error, none.
func moveInto(from, to string) (err error) {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	present, err := os.ReadDir(to)
	if err != nil {
		return err
	}
	if len(present) > 1 {
		return errors.New("the folder has files by now")
	}
	for i, e := range entries {
		if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			for _, moved := range entries[:i] {
				err = errors.Join(err, os.RemoveAll(filepath.Join(to, moved.Name())))
			}
			return err
		}
	}
	return os.Remove(from)
}
