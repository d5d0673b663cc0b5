package architecture

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// machinePath matches absolute paths that exist on one machine only. The pattern is
// written so that it does not match itself.
var machinePath = regexp.MustCompile(`(^|[^\w.}-])/(work|root)/`)

func TestNoMachineSpecificPaths(t *testing.T) {
	for _, name := range committed(t) {
		content, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(content, 0) >= 0 {
			continue // a binary file
		}
		for i, line := range strings.Split(string(content), "\n") {
			if found := machinePath.FindString(line); found != "" {
				t.Errorf("%s:%d: %s: an absolute path exists on one machine only: write it relative to the root of the repository", name, i+1, strings.TrimSpace(found))
			}
		}
	}
}

func TestGoModHasNoReplace(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`(?m)^\s*replace\b`).Match(content) {
		t.Error("go.mod: remove replace: `go install` of this program refuses it, and a module that imports fn would get other code than is tested")
	}
}

// committed returns the files that git tracks or would add, relative to the root.
func committed(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("skipped: this is no git checkout, so the committed files are unknown")
	}
	git := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	out, err := git.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	names := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
	if len(names) < 2 {
		t.Fatal("git ls-files listed no file")
	}
	return names
}
