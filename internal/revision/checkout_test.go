package revision_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/revision"
)

// repository returns a folder with a git repository, and a function that runs git in it.
func repository(t *testing.T) (dir string, git func(stdin string, args ...string) string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	git = func(stdin string, args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "core.protectNTFS=false"}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("", "init", "-q", "-b", "main")
	return dir, git
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// newline is a name with a line feed.
const newline = "ü\n.yaml"

// TestCheckout writes files of every kind, as git has them.
func TestCheckout(t *testing.T) {
	t.Parallel()
	dir, git := repository(t)
	write(t, filepath.Join(dir, "a b", newline), "x: 1\r\n")
	write(t, filepath.Join(dir, "empty"), "")
	write(t, filepath.Join(dir, "run.sh"), "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(dir, "run.sh"), 0o700); err != nil { //nolint:gosec // It is a script.
		t.Fatal(err)
	}
	if err := os.Symlink("a b", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	git("", "add", "-A")
	git("", "commit", "-qm", "one")
	write(t, filepath.Join(dir, "a b", newline), "x: 2\n")
	c, err := revision.New(context.Background(), dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	root, err := c.Path(dir)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"a b/ü\n.yaml": "x: 1\r\n", "link/ü\n.yaml": "x: 1\r\n", "empty": "", "run.sh": "#!/bin/sh\n"} {
		if got, err := os.ReadFile(filepath.Join(root, file)); err != nil || string(got) != want {
			t.Errorf("%q has %q (%v), want %q", file, got, err, want)
		}
	}
	if info, err := os.Stat(filepath.Join(root, "run.sh")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("run.sh has the mode %v: %v", info.Mode(), err)
	}
	if err := c.Remove(); err != nil || exists(root) {
		t.Errorf("it is not removed: %v", err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// TestRefusedRevisions has trees that git does not check out, or whose contents it does not have.
func TestRefusedRevisions(t *testing.T) {
	t.Parallel()
	const blob = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
	for name, c := range map[string]struct {
		// tree is that of the revision, and link the target of a symbolic link in it.
		tree, link, content, want string
	}{
		"a link out of the repository":     {"120000 blob LINK\tlink", "../../etc", "", "outside of the repository"},
		"a file of git":                    {"100644 blob " + blob + "\t.GIT", "", "", "git does not check out"},
		"a submodule":                      {"160000 commit 2222222222222222222222222222222222222222" + "\tsub", "", "", "sub is a submodule or a pointer"},
		"a pointer of git-lfs":             {"100644 blob CONTENT\tall.yaml", "", "version https://git-lfs.github.com/spec/v1\n", "all.yaml is a submodule or a pointer"},
		"a pointer that is no manifest":    {"100644 blob CONTENT\tlogo.png", "", "version https://git-lfs.github.com/spec/v1\n", ""},
		"a link within the repository":     {"120000 blob LINK\tlink", "other/file", "", ""},
		"an object that git does not have": {"100644 blob 1111111111111111111111111111111111111111\tx", "", "", "git has no content"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, git := repository(t)
			git("", "hash-object", "-w", "--stdin")
			tree := strings.NewReplacer("LINK", git(c.link, "hash-object", "-w", "--stdin"), "CONTENT", git(c.content, "hash-object", "-w", "--stdin")).Replace(c.tree)
			commit := git("", "commit-tree", "-m", "one", git(tree, "mktree", "--missing"))
			checkout, err := revision.New(context.Background(), dir, commit)
			if err == nil {
				defer func() { _ = checkout.Remove() }()
				_, err = checkout.Path(dir)
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestPathsOfOneRepository refuses paths that are not in the repository.
func TestPathsOfOneRepository(t *testing.T) {
	t.Parallel()
	dir, git := repository(t)
	git("", "commit", "-q", "--allow-empty", "-m", "one")
	c, err := revision.New(context.Background(), dir, "main")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Remove() }()
	if _, err := c.Path(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not in the repository") {
		t.Errorf("another folder: %v", err)
	}
}
