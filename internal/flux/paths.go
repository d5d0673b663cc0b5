package flux

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// CheckSeparate returns an error if the input folder contains the output folder, or the
// reverse. The next build must not read rendered files.
func CheckSeparate(dir, out string) error {
	in, err := resolvePath(dir)
	if err != nil {
		return err
	}
	to, err := resolvePath(out)
	if err != nil {
		return err
	}
	switch {
	case contains(in, to):
		return fmt.Errorf("output folder %s is inside the input folder %s: the next build would read rendered files: render into a folder outside of it", out, dir)
	case contains(to, in):
		return fmt.Errorf("input folder %s is inside the output folder %s: the output folder may contain only rendered files: render into another folder", dir, out)
	}
	return nil
}

// statTarget returns the target folder of the tree, or nil if it does not exist. It rejects
// every other target.
func statTarget(out string) (fs.FileInfo, error) {
	info, err := os.Lstat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("inspect %s: %w", out, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link: use the path of the folder that it links to", out)
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file: use the path of a folder", out)
	}
	current, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("resolve the current folder: %w", err)
	}
	currentPath, err := resolvePath(current)
	if err != nil {
		return nil, err
	}
	outPath, err := resolvePath(out)
	if err != nil {
		return nil, err
	}
	if contains(outPath, currentPath) {
		return nil, fmt.Errorf("%s contains the current folder, and render replaces the whole folder: run the command in another folder", out)
	}
	return info, nil
}

func contains(outer, inner string) bool {
	rel, err := filepath.Rel(outer, inner)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// resolvePath returns an absolute path without symbolic links. The file need not exist.
func resolvePath(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	found, err := filepath.EvalSymlinks(abs)
	if err == nil {
		return found, nil
	}
	parent := filepath.Dir(abs)
	if !errors.Is(err, fs.ErrNotExist) || parent == abs {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	if parent, err = resolvePath(parent); err != nil {
		return "", err
	}
	return filepath.Join(parent, filepath.Base(abs)), nil
}
