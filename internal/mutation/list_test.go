package main

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// TestMutationsFitTheSources checks that each mutation applies to the sources. `make mutate` runs
// the mutants.
func TestMutationsFitTheSources(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, listFile))
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseList(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writeOverlay(root, t.TempDir(), all); err != nil {
		t.Error(err)
	}
	for _, k := range killersOf(all) {
		checkTestExists(t, k)
	}
	at := map[string]int{}
	for _, m := range all {
		at[path.Dir(m.file)]++
	}
	for pkg, least := range map[string]int{"reach": 20, "plan": 6, "render": 6, "resolve": 6, "merge": 6, "netpol": 6, "flow": 10} {
		if n := at["internal/"+pkg]; n < least {
			t.Errorf("internal/%s has %d mutations, and needs %d", pkg, n, least)
		}
	}
	if len(all) < 60 {
		t.Errorf("%d mutations are too few", len(all))
	}
}

// checkTestExists checks that the test function exists, and the directory of a golden case.
func checkTestExists(t *testing.T, k killer) {
	t.Helper()
	name, golden, _ := strings.Cut(k.test, "/")
	files, err := filepath.Glob(filepath.Join(root, k.pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && bytes.Contains(text, []byte("\nfunc "+name+"("))
	})
	if !found {
		t.Errorf("%s: the package has no such test", k)
	}
	if name != "TestGolden" {
		return
	}
	if _, err := os.Stat(filepath.Join(root, "testdata", golden)); golden == "" || err != nil {
		t.Errorf("%s: the golden case is missing: %v", k, err)
	}
}

func TestParseList(t *testing.T) {
	t.Parallel()
	const good = "name: a\nfile: a.go\nold: x\nold: \ty\nnew: z\nkilled by: fn TestA/b c\nkilled by: fn TestB\n"
	all, err := parseList("# why\n" + good)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v: %v", all, err)
	}
	if m := all[0]; m.before != "x\n\ty" || m.after != "z" || len(m.killers) != 2 || m.killers[0] != (killer{"fn", "TestA/b c"}) {
		t.Errorf("read as %+v", m)
	}
	for want, text := range map[string]string{
		"needs a name, a file and old": "name: a\nnew: z\nkilled by: fn TestA",
		"changes nothing":              "name: a\nfile: a.go\nold: x\nnew: x\nkilled by: fn TestA",
		"no test is named":             "name: a\nfile: a.go\nold: x",
		"is a duplicate":               good + "\n" + good,
		"names no package and test":    good + "killed by: TestA",
		"is not one of name":           good + "why: because",
		"is not a key with a value":    good + "because",
	} {
		if _, err := parseList(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
