package flux

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// CheckSeparate refuses an output folder inside the inputs, and the reverse: the next build would read the
// output of the last one.
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
		return fmt.Errorf("%s is inside %s, which is built: render into a folder outside of it", out, dir)
	case contains(to, in):
		return fmt.Errorf("%s, which is built, is inside %s: render into a folder outside of it", dir, out)
	}
	return nil
}

// statTarget inspects the output path. It is nil if nothing exists, or a folder.
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
		return nil, fmt.Errorf("%s contains the current folder, and is replaced as a whole: run from outside of it", out)
	}
	return info, nil
}

func contains(outer, inner string) bool {
	rel, err := filepath.Rel(outer, inner)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// resolvePath is an absolute path without symbolic links. Its last elements may be missing.
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
