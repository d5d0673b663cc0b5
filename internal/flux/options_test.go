package flux

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	source := func(s string) (string, error) {
		got, err := ParseSource(s)
		return got.Kind + "/" + got.Name, err
	}
	for name, c := range map[string]struct {
		parse   func(string) (string, error)
		good    map[string]string
		refused []string
	}{
		"source":    {source, map[string]string{"Bucket/policies": "Bucket/policies"}, []string{"", "flux-system", "GitRepository/", "GitRepository/a/b", "gitrepository/x", "HelmRepository/x", "GitRepository/_x"}},
		"namespace": {ParseNamespace, map[string]string{"fences": "fences"}, []string{"", "a.b", "A"}},
		"path":      {ParsePath, map[string]string{"rendered": "./rendered", "./a//b/": "./a/b", "a/../b": "./b", ".": "./", "": "./", "..a": "./..a"}, []string{"/rendered", "..", "../rendered", "a/../../b"}},
	} {
		for s, want := range c.good {
			if got, err := c.parse(s); err != nil || got != want {
				t.Errorf("%s %q: got %q, %v, want %q", name, s, got, err, want)
			}
		}
		for _, s := range c.refused {
			if got, err := c.parse(s); err == nil {
				t.Errorf("%s %q: got %q", name, s, got)
			}
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
