// Package revision writes a revision of a git repository to a temporary folder, and runs nothing of the
// repository.
package revision

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Checkout has the files of a revision.
type Checkout struct {
	// Commit is the commit of the revision.
	Commit string
	// root is the folder of the repository, and dir that with the files of the revision.
	root, dir string
	// incomplete are the submodules and the pointers of git-lfs, whose contents git does not have.
	incomplete []string
}

// New writes every file of a revision to a temporary folder, as git has it: no filter, no hook and no
// conversion of line ends changes it, and submodules are empty folders. path is in the working tree of the
// repository. Remove removes the folder.
func New(ctx context.Context, path, rev string) (*Checkout, error) {
	dir := path
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("find the repository: %w", err)
	} else if !info.IsDir() {
		dir = filepath.Dir(path)
	}
	r := repository{ctx, dir}
	root, err := r.output("rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("%s is in no working tree of git: %w", path, err)
	}
	if strings.HasPrefix(rev, "-") || rev == "" {
		return nil, fmt.Errorf("%q is no revision: write a branch, a tag or a commit", rev)
	}
	commit, err := r.output("rev-parse", "--verify", "--quiet", rev+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("git does not know the revision %q: correct it, or fetch it first (a shallow clone lacks it)", rev)
	}
	c := &Checkout{Commit: commit, root: root}
	if c.dir, err = os.MkdirTemp("", "tenantfence-base-"); err != nil {
		return nil, fmt.Errorf("check out %s: %w", rev, err)
	}
	if err := c.write(r); err != nil {
		return nil, errors.Join(fmt.Errorf("check out %s: %w", rev, err), c.Remove())
	}
	return c, nil
}

// Remove removes the files.
func (c *Checkout) Remove() error {
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("remove the files of the revision: %w", err)
	}
	return nil
}

// Path returns where the revision has a file or folder of the working tree. What git does not have with its
// contents is an error.
func (c *Checkout) Path(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err == nil {
		absolute, err = filepath.EvalSymlinks(absolute)
	}
	if err != nil {
		return "", fmt.Errorf("find %s in the repository: %w", path, err)
	}
	inRoot, err := filepath.Rel(c.root, absolute)
	if err != nil || !filepath.IsLocal(inRoot) {
		return "", fmt.Errorf("%s is not in the repository %s: --base compares files of one repository", path, c.root)
	}
	if at := slices.IndexFunc(c.incomplete, func(p string) bool {
		return inRoot == "." || p == inRoot || strings.HasPrefix(p, filepath.ToSlash(inRoot)+"/")
	}); at >= 0 {
		return "", fmt.Errorf("%s is a submodule or a pointer of git-lfs, and git does not have its contents: check both revisions out, and compare the two folders", c.incomplete[at])
	}
	out := filepath.Join(c.dir, inRoot)
	if _, err := os.Stat(out); err != nil {
		return "", fmt.Errorf("%s does not exist in the revision %s, so OLD is missing", path, c.Commit)
	}
	return out, nil
}
