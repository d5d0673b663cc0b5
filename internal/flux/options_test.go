package flux

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseSource(t *testing.T) {
	t.Parallel()
	got, err := ParseSource("Bucket/policies")
	if err != nil || got != (Source{"Bucket", "policies"}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, s := range []string{"", "flux-system", "GitRepository/", "GitRepository/a/b", "gitrepository/x", "HelmRepository/x", "GitRepository/_x"} {
		if got, err := ParseSource(s); err == nil {
			t.Errorf("%q: got %v", s, got)
		}
	}
}

func TestParseGrouping(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"tenant", "stage"} {
		if got, err := ParseGrouping(s); err != nil || string(got) != s {
			t.Errorf("%q: got %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "Tenant", "cluster"} {
		if got, err := ParseGrouping(s); err == nil {
			t.Errorf("%q: got %v", s, got)
		}
	}
}

func TestParseNamespace(t *testing.T) {
	t.Parallel()
	if got, err := ParseNamespace("fences"); err != nil || got != "fences" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, s := range []string{"", "a.b", "A"} {
		if got, err := ParseNamespace(s); err == nil {
			t.Errorf("%q: got %v", s, got)
		}
	}
}

func TestParsePath(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"rendered": "./rendered", "./a//b/": "./a/b", "a/../b": "./b", ".": "./", "": "./", "..a": "./..a",
	} {
		if got, err := ParsePath(s); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", s, got, err, want)
		}
	}
	for _, s := range []string{"/rendered", "..", "../rendered", "a/../../b"} {
		if got, err := ParsePath(s); err == nil {
			t.Errorf("%q: got %q", s, got)
		}
	}
}

func TestCheckSeparate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, d := range []string{"inputs/base", "inputs-rendered"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("inputs", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ in, out, want string }{
		"separate folders":                   {"inputs", "rendered", ""},
		"a longer name":                      {"inputs", "inputs-rendered", ""},
		"somewhere deep":                     {"inputs", "a/b/c", ""},
		"inputs that do not exist":           {"nowhere", "rendered", ""},
		"the same":                           {"inputs", "inputs", "which is built"},
		"the tree in its inputs":             {"inputs", "inputs/rendered", "which is built"},
		"the tree in its inputs, by a link":  {"inputs", "link/rendered/prod", "which is built"},
		"the inputs in the tree":             {"inputs/base", "inputs", "which is built"},
		"the tree in its inputs, by the way": {"inputs/base", "inputs/base/../base/x", "which is built"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := CheckSeparate(filepath.Join(dir, test.in), dir+"/"+test.out)
			if (err == nil) != (test.want == "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
