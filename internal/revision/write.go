package revision

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// lfsPointer is how a file begins that has the address of its content. Such a manifest reads as no resource.
var lfsPointer = []byte("version https://git-lfs.github.com/spec/")

// write writes the files of the revision. Links come last, so that no file is written through a link.
func (c *Checkout) write(r repository) (err error) {
	all, err := r.entries(c.Commit)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	var files []entry
	for _, e := range all {
		if err := checkPath(e.path); err != nil {
			return err
		}
		if e.mode != submodule {
			files = append(files, e)
			continue
		}
		c.incomplete = append(c.incomplete, e.path)
		if err := root.MkdirAll(filepath.FromSlash(e.path), 0o700); err != nil {
			return fmt.Errorf("write %s: %w", e.path, err)
		}
	}
	slices.SortStableFunc(files, func(a, b entry) int { return rank(a) - rank(b) })
	return r.contents(files, func(e entry, content []byte) error {
		if bytes.HasPrefix(content, lfsPointer) && slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(e.path)) {
			c.incomplete = append(c.incomplete, e.path)
		}
		return writeEntry(root, e, content)
	})
}

func rank(e entry) int {
	if e.mode == symlink {
		return 1
	}
	return 0
}

// checkPath refuses paths that git does not check out.
func checkPath(name string) error {
	bad := !filepath.IsLocal(filepath.FromSlash(name))
	for part := range strings.SplitSeq(name, "/") {
		bad = bad || part == "" || part == "." || part == ".." || strings.EqualFold(part, ".git")
	}
	if bad {
		return fmt.Errorf("the revision has the path %q, which git does not check out", name)
	}
	return nil
}

func writeEntry(root *os.Root, e entry, content []byte) error {
	name := filepath.FromSlash(e.path)
	err := root.MkdirAll(filepath.Dir(name), 0o700)
	switch {
	case err != nil:
	case e.mode == symlink:
		target := string(content)
		if !path.IsAbs(target) && !filepath.IsLocal(path.Join(path.Dir(e.path), target)) {
			return fmt.Errorf("%s is a symbolic link to %s, outside of the repository: its target is another one in the revision's folder: replace the link", e.path, target)
		}
		err = root.Symlink(target, name)
	case e.mode == executable:
		err = root.WriteFile(name, content, 0o700)
	default:
		err = root.WriteFile(name, content, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", e.path, err)
	}
	return nil
}
