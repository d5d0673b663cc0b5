package flux

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestWriteKeepsForeignFiles spoils a tree, and renders another into it.
func TestWriteKeepsForeignFiles(t *testing.T) {
	t.Parallel()
	const policy = "acme/allow/tenant-acme.egress-llm.yaml"
	tests := map[string]struct {
		corrupt func(out string) error
		want    []string
	}{
		"a policy was edited":           {edit(policy, `"443"`, `"80"`), []string{policy + " file-edited"}},
		"a comment was added":           {edit(policy, "spec:", "# why\nspec:"), []string{policy + " file-edited"}},
		"the sum was edited":            {edit(policy, "sha256:", "sha256:0"), []string{policy + " file-edited"}},
		"the seal was removed":          {edit(policy, seal, "# "), []string{policy + " file-foreign"}},
		"a policy was emptied":          {create(policy, ""), []string{policy + " file-foreign"}},
		"the root was edited":           {edit(kustomizationFile, "resources:", "resources: # all"), []string{kustomizationFile + " file-edited"}},
		"a tenant's policy that goes":   {edit("beta/allow/kustomization.yaml", "resources:", "resources: # mine"), []string{"beta/allow/kustomization.yaml file-edited"}},
		"a file in the way":             {create("gamma", "mine"), []string{"gamma file-foreign"}},
		"another file":                  {create("acme/allow/mine.yaml", "mine"), []string{"acme/allow/mine.yaml file-foreign"}},
		"a README":                      {create("README.md", "mine"), []string{"README.md file-foreign"}},
		"a copy of ours":                {copyFile(policy, "acme/allow/copy.yaml"), []string{"acme/allow/copy.yaml file-edited"}},
		"a repository":                  {create(".git/config", "mine"), []string{".git file-foreign"}},
		"a link to a file":              {link("target", "acme/allow/link.yaml"), []string{"acme/allow/link.yaml file-foreign"}},
		"a link to a folder":            {link(".", "gamma"), []string{"gamma file-foreign"}},
		"a link in the place of a file": {replaceWithLink(policy), []string{policy + " file-foreign"}},
		"all of it at once": {both(edit(policy, `"443"`, `"80"`), create("README.md", "mine")),
			[]string{"README.md file-foreign", policy + " file-edited"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "rendered")
			mustWrite(t, out, tree(t, defaults, append(tenant("acme"), tenant("beta")...)...))
			if err := test.corrupt(out); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, filepath.Dir(out))
			changes, findings, err := Write(out, tree(t, defaults, append(tenant("acme"), tenant("gamma")...)...))
			if err != nil || changes != nil {
				t.Errorf("got %v, %v, want findings", changes, err)
			}
			var want []string
			for _, w := range test.want {
				want = append(want, filepath.Join(out, w))
			}
			equal(t, "findings", checks(findings), want)
			equal(t, "the folder", snapshot(t, filepath.Dir(out)), before)
		})
	}
}

func edit(file, old, now string) func(string) error {
	return func(out string) error {
		name := filepath.Join(out, file)
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(name, bytes.Replace(content, []byte(old), []byte(now), 1), 0o644)
	}
}

func create(file, content string) func(string) error {
	return func(out string) error {
		name := filepath.Join(out, file)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, []byte(content), 0o644)
	}
}

func copyFile(from, to string) func(string) error {
	return func(out string) error {
		content, err := os.ReadFile(filepath.Join(out, from))
		if err != nil {
			return err
		}
		return create(to, string(content))(out)
	}
}

func link(target, file string) func(string) error {
	return func(out string) error { return os.Symlink(target, filepath.Join(out, file)) }
}

func replaceWithLink(file string) func(string) error {
	return func(out string) error {
		name := filepath.Join(out, file)
		elsewhere := filepath.Join(filepath.Dir(out), "elsewhere.yaml")
		if err := os.Rename(name, elsewhere); err != nil {
			return err
		}
		return os.Symlink(elsewhere, name)
	}
}

func both(a, b func(string) error) func(string) error {
	return func(out string) error {
		if err := a(out); err != nil {
			return err
		}
		return b(out)
	}
}

func TestWriteRejectsTarget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"file": "mine", "folder/keep": "mine"} {
		if err := create(name, content)(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := link("folder", "link")(dir); err != nil {
		t.Fatal(err)
	}
	current, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ out, want string }{
		"a file":                     {filepath.Join(dir, "file"), "is a file"},
		"below a file":               {filepath.Join(dir, "file", "rendered"), "not a directory"},
		"a link":                     {filepath.Join(dir, "link"), "is a symbolic link"},
		"a link, with a slash":       {filepath.Join(dir, "link") + "/", "is a symbolic link"},
		"the current folder":         {".", "contains the current folder"},
		"a folder above the current": {filepath.Dir(current), "contains the current folder"},
		"the root":                   {"/", "contains the current folder"},
	}
	if runtime.GOOS == "linux" {
		tests["a read-only file system"] = struct{ out, want string }{"/proc/rendered", "/proc"}
	}
	before := snapshot(t, dir)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			changes, findings, err := Write(test.out, tree(t, defaults, tenant("acme")...))
			if err == nil || !strings.Contains(err.Error(), test.want) || changes != nil || len(findings) > 0 {
				t.Errorf("got %v, %v, %v, want an error with %q", changes, findings, err, test.want)
			}
		})
	}
	equal(t, "the folder", snapshot(t, dir), before)
}
