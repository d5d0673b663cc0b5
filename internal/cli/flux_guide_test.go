package cli

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

var guideBlock = regexp.MustCompile("(?s)\n```(yaml|sh|text)\n(.*?)```\n")

// TestFluxGuide does what docs/flux.md shows, from top to bottom.
func TestFluxGuide(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "flux.md"))
	if err != nil {
		t.Fatal(err)
	}
	const examples = "kustomization-examples"
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, examples), os.DirFS(filepath.Join("..", "..", examples))); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	blocks := guideBlock.FindAllStringSubmatch(string(guide), -1)
	if len(blocks) == 0 {
		t.Fatal("it shows nothing")
	}
	for _, block := range blocks {
		switch block[1] {
		case "sh":
			for line := range strings.Lines(block[2]) {
				runCommandLine(t, line)
			}
		case "text":
			if got := listing(t, "rendered"); got != block[2] {
				t.Errorf("it shows:\n%sThere is:\n%s", block[2], got)
			}
		case "yaml":
			checkObject(t, block[2])
		}
	}
}

func runCommandLine(t *testing.T, line string) {
	t.Helper()
	fields := strings.Fields(line)
	if fields[0] != "tenantfence" {
		t.Fatalf("%s: this test runs no other program", line)
	}
	var stdout, stderr bytes.Buffer
	if status := Run(fields[1:], strings.NewReader(""), &stdout, &stderr); status != exitOK || stdout.Len() == 0 {
		t.Errorf("%s: exit status %d\n%s%s", line, status, stdout.String(), stderr.String())
	}
}

// listing names the files in a folder, a line each.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var names strings.Builder
	err := fs.WalkDir(os.DirFS("."), dir, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names.WriteString(name + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names.String()
}

// checkObject takes a file that its first line names, without that file's own first
// line, or the parent, which must point at the tree.
func checkObject(t *testing.T, block string) {
	t.Helper()
	title, rest, _ := strings.Cut(block, "\n")
	if file, ok := strings.CutPrefix(title, "# "); ok {
		data, err := os.ReadFile(file)
		if _, body, _ := strings.Cut(string(data), "\n"); err != nil || body != rest {
			t.Errorf("this is not %s (%v):\n%s", file, err, rest)
		}
		return
	}
	node, err := yaml.Parse(block)
	if err != nil {
		t.Fatal(err)
	}
	if path, err := node.GetString("spec.path"); err != nil || path != "./rendered" {
		t.Errorf("the parent's path is %q: %v", path, err)
	}
}
