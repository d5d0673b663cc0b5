package examples_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// systems are the sections of docs/systems.md, each with the folder of its example.
var systems = []string{"soctalk", "layered-tenants", "platform-services", "policy-guide", "cluster-rollout"}

var (
	quoted   = regexp.MustCompile("`([^`]+)`")
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// TestSystems checks that every row of docs/systems.md names an existing FlowTest case of
// the example, a test, or a script of the program.
func TestSystems(t *testing.T) {
	t.Parallel()
	tests := testNames(t)
	sections := map[string]string{}
	for _, section := range strings.Split("\n"+read(t, "../docs/systems.md"), "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		sections[name] = text
	}
	for _, name := range systems {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cases := caseNames(t, name)
			if len(cases) < 12 {
				t.Errorf("its FlowTests have %d cases: a system has at least 12", len(cases))
			}
			rows := 0
			for row := range strings.Lines(sections[name]) {
				cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
				if !strings.HasPrefix(row, "| ") || len(cells) < 3 || strings.TrimSpace(cells[len(cells)-1]) == "shown by" {
					continue
				}
				rows++
				shown := quoted.FindAllStringSubmatch(cells[len(cells)-1], -1)
				if len(shown) == 0 {
					t.Errorf("the row names no case and no test: %s", row)
				}
				for _, s := range shown {
					if !cases[s[1]] && !tests[s[1]] {
						t.Errorf("no case and no test has the name %q", s[1])
					}
				}
			}
			if rows == 0 || !strings.Contains(sections[name], "\nDeliberately not done") {
				t.Errorf("docs/systems.md has %d rows for it, and needs rows and a list \"Deliberately not done\"", rows)
			}
		})
	}
}

// caseNames returns the names of all FlowTest cases of a system's folders.
func caseNames(t *testing.T, system string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	folders, err := filepath.Glob(system + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range folders {
		for _, n := range flowTestsIn(t, dir) {
			test, errs := v1alpha1.Decode[v1alpha1.FlowTest](n, nil)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			for _, c := range test.Spec.Cases {
				out[c.Name] = true
			}
		}
	}
	return out
}

// flowTestsIn returns the FlowTests in the files of a folder.
func flowTestsIn(t *testing.T, dir string) []*yaml.RNode {
	t.Helper()
	var out []*yaml.RNode
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(data, []byte("kind: "+v1alpha1.KindFlowTest)) {
			return err
		}
		nodes, err := kio.FromBytes(data)
		for _, n := range nodes {
			if n.GetKind() == v1alpha1.KindFlowTest {
				out = append(out, n)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// testNames returns the names of all Go tests, golden cases and scripts of the program.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(path, "_test.go"):
			data, err := os.ReadFile(path)
			for _, f := range testFunc.FindAllSubmatch(data, -1) {
				out[string(f[1])] = true
			}
			return err
		case filepath.Dir(path) == filepath.FromSlash("../kustomization-examples/testdata/mistakes"):
			out["TestMistakes/"+strings.TrimSuffix(filepath.Base(path), ".yaml")] = true
		case strings.HasSuffix(path, ".txtar"):
			out[filepath.Base(path)] = true
		case filepath.Base(path) == "fence.yaml" && slices.Contains(strings.Split(filepath.ToSlash(path), "/"), "testdata"):
			out["testdata/"+filepath.Base(filepath.Dir(filepath.Dir(path)))+"/"+filepath.Base(filepath.Dir(path))] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
