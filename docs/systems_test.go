package docs_test

import (
	"fmt"
	"io/fs"
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

const (
	tablesBegin = "<!-- make generate writes these tables from %s.yaml. -->\n"
	tablesStop  = "<!-- The tables stop here. -->\n"
)

// need is what a system needs: where it is declared, and the FlowTest cases and tests that show it.
type need struct {
	Need, Declared string
	Cases, Tests   []string
	line           int
}

type topic struct {
	name  string
	needs []need
}

// TestSystems compares the tables of the pages in systems with the YAML file next to each. Every FlowTest case and
// test that the file names must exist.
func TestSystems(t *testing.T) {
	found, err := filepath.Glob(filepath.Join("systems", "*.yaml"))
	if err != nil || len(found) < 5 {
		t.Fatal(found, err)
	}
	for _, file := range found {
		system := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(system, func(t *testing.T) {
			topics := topicsOf(t, file)
			checkEvidence(t, topics, casesOf(t, system))
			page := "systems/" + system + ".md"
			content := read(t, page)
			begin := fmt.Sprintf(tablesBegin, system)
			before, rest, hasBegin := strings.Cut(content, begin)
			_, after, hasStop := strings.Cut(rest, tablesStop)
			if !hasBegin || !hasStop || !strings.Contains(after, "\n## Deliberately not done\n") {
				t.Fatalf("%s needs the lines %q and %q, and then a section \"Deliberately not done\"", page, begin, tablesStop)
			}
			shows(t, page, before+begin+tables(system, topics)+"\n"+tablesStop+after)
		})
	}
}

// topicsOf reads a file with the needs of a system.
func topicsOf(t *testing.T, file string) []topic {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(read(t, file)), &document); err != nil {
		t.Fatal(err)
	}
	var out []topic
	content := document.Content[0].Content
	for i := 0; i < len(content); i += 2 {
		of := topic{name: content[i].Value}
		for _, item := range content[i+1].Content {
			n := need{line: item.Line}
			if err := item.Decode(&n); err != nil {
				t.Fatal(err)
			}
			for k := 0; k < len(item.Content); k += 2 {
				if key := item.Content[k]; !slices.Contains([]string{"need", "declared", "cases", "tests"}, key.Value) {
					t.Errorf("%s:%d: unknown field %s", file, key.Line, key.Value)
				}
			}
			of.needs = append(of.needs, n)
		}
		out = append(out, of)
	}
	return out
}

// checkEvidence requires that each need is shown, by cases and tests that exist.
func checkEvidence(t *testing.T, topics []topic, cases []string) {
	t.Helper()
	if len(cases) < 12 {
		t.Errorf("its FlowTests have %d cases: a system has at least 12", len(cases))
	}
	for _, of := range topics {
		for _, n := range of.needs {
			if n.Need == "" || n.Declared == "" || len(n.Cases)+len(n.Tests) == 0 {
				t.Errorf("line %d lacks need, declared, or cases and tests", n.line)
			}
			for _, name := range n.Cases {
				if !slices.Contains(cases, name) {
					t.Errorf("line %d: no FlowTest case has the name %q", n.line, name)
				}
			}
			for _, name := range n.Tests {
				if !testExists(t, name) {
					t.Errorf("line %d: %s is no test", n.line, name)
				}
			}
		}
	}
}

var goTest = regexp.MustCompile(`^(.+)/(Test\w+)(/.+)?$`)

// testExists finds a Go test (PACKAGE/TestName), a mistake of TestMistakes, a golden case or a script.
func testExists(t *testing.T, name string) bool {
	t.Helper()
	m := goTest.FindStringSubmatch(name)
	switch {
	case m == nil && strings.HasPrefix(name, "testdata/"):
		return fileExists(name + "/fence.yaml")
	case m == nil:
		return strings.HasSuffix(name, ".txtar") && fileExists(name)
	case m[3] != "" && !fileExists(m[1]+"/testdata/mistakes"+m[3]+".yaml"):
		return false
	}
	found, err := filepath.Glob(filepath.Join("..", m[1], "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(found, func(file string) bool { return strings.Contains(read(t, file), "\nfunc "+m[2]+"(") })
}

func fileExists(name string) bool {
	_, err := os.Stat(filepath.Join("..", filepath.FromSlash(name)))
	return err == nil
}

// casesOf are the names of all FlowTest cases in the folders of a system.
func casesOf(t *testing.T, system string) []string {
	t.Helper()
	var out []string
	root := os.DirFS(filepath.Join("..", examples))
	err := fs.WalkDir(root, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" || !strings.HasPrefix(path, system) {
			return err
		}
		data, err := fs.ReadFile(root, path)
		if err != nil || !strings.Contains(string(data), "kind: "+v1alpha1.KindFlowTest) {
			return err
		}
		nodes, err := kio.FromBytes(data)
		for _, n := range nodes {
			if n.GetKind() != v1alpha1.KindFlowTest {
				continue
			}
			test, errs := v1alpha1.Decode[v1alpha1.FlowTest](n, nil)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			for _, c := range test.Spec.Cases {
				out = append(out, c.Name)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tables are the needs of a system in Markdown, a table for each topic.
func tables(system string, topics []topic) string {
	var b strings.Builder
	for _, of := range topics {
		fmt.Fprintf(&b, "\n### %s\n\n| the system needs | declared by | shown by |\n|---|---|---|\n", of.name)
		for _, n := range of.needs {
			var shown []string
			for _, of := range []struct {
				unit   string
				number int
			}{{"case", len(n.Cases)}, {"test", len(n.Tests)}} {
				switch {
				case of.number == 1:
					shown = append(shown, "1 "+of.unit)
				case of.number > 1:
					shown = append(shown, fmt.Sprintf("%d %ss", of.number, of.unit))
				}
			}
			fmt.Fprintf(&b, "| %s | %s | [%s](%s.yaml#L%d) |\n", n.Need, n.Declared, strings.Join(shown, ", "), system, n.line)
		}
	}
	return b.String()
}
