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
		"separate folders":                  {"inputs", "rendered", ""},
		"a name with a common prefix":       {"inputs", "inputs-rendered", ""},
		"a nested output folder":            {"inputs", "a/b/c", ""},
		"missing inputs":                    {"missing", "rendered", ""},
		"the same folder":                   {"inputs", "inputs", "is inside the"},
		"the output inside the inputs":      {"inputs", "inputs/rendered", "is inside the input folder"},
		"the output inside a symbolic link": {"inputs", "link/rendered/prod", "is inside the input folder"},
		"the inputs inside the output":      {"inputs/base", "inputs", "is inside the output folder"},
		"a path with dots":                  {"inputs/base", "inputs/base/../base/x", "is inside the input folder"},
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
