package examples_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// mistakes are changes of one example that its build must report.
type mistakes struct {
	Example string
	// Long reports that -short skips them.
	Long bool
	// Siblings are the other folders that the example lists.
	Siblings []string
	// PoliciesFile has the policies of a case, and List adds it to a kustomization.
	PoliciesFile string
	List         change
	Cases        []mistake
}

type mistake struct {
	Name string
	// Build is the folder of the example to build. Omitted: the example.
	Build string
	// Builds reports that the build succeeds nevertheless.
	Builds   bool
	Edits    []change
	Policies []json.RawMessage
	Findings []struct {
		Check, Resource string
		Texts           []string
	}
}

// change replaces a text in a file.
type change struct{ File, From, To string }

func readMistakes(t *testing.T, file string) mistakes {
	t.Helper()
	var m mistakes
	if err := yaml.UnmarshalStrict([]byte(read(t, file)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMistakes builds the examples with each mistake in testdata/mistakes. The findings have the check, and contain
// the texts, with their details.
func TestMistakes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no mistakes: %v", err)
	}
	for _, file := range files {
		all := readMistakes(t, file)
		for _, m := range all.Cases {
			t.Run(all.Example+"/"+m.Name, func(t *testing.T) {
				t.Parallel()
				if all.Long {
					skipInShort(t, "builds "+all.Example+" for each of its mistakes")
				}
				m.check(t, all)
			})
		}
	}
}

func (m mistake) check(t *testing.T, all mistakes) {
	t.Helper()
	dir := copyExample(t, all.Example, all.Siblings...)
	edits := m.Edits
	if len(m.Policies) > 0 {
		edits = append(edits, all.List)
		if err := os.WriteFile(filepath.Join(dir, all.PoliciesFile), m.written(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range edits {
		edit(t, filepath.Join(dir, e.File), e.From, e.To)
	}
	b, err := tryExample(filepath.Join(dir, m.Build))
	if (err == nil) != m.Builds {
		t.Fatalf("error %v: %v", err, b.findings)
	}
	if m.Builds && count(t, b.output, resource.KindCilium, "") != count(t, buildExample(t, filepath.Join(all.Example, m.Build)).output, resource.KindCilium, "")+len(m.Policies) {
		t.Error("the build has not the policies of the example and of the mistake")
	}
	for _, want := range m.Findings {
		if !slices.ContainsFunc(b.findings, func(f report.Finding) bool {
			lacks := func(text string) bool { return !strings.Contains(fullText(f), text) }
			return f.Check.Name == want.Check && strings.Contains(f.Resource.String(), want.Resource) && !slices.ContainsFunc(want.Texts, lacks)
		}) {
			t.Errorf("no finding %+v:\n%v", want, b.findings)
		}
	}
}

// written are the policies as a file.
func (m mistake) written() []byte {
	var out []byte
	for _, p := range m.Policies {
		out = append(out, "---\n"+string(p)+"\n"...)
	}
	return out
}
