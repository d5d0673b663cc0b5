package external_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigs "sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/internal/external"
)

// TestImport imports the resources of each case in testdata/import.yaml, in random order.
func TestImport(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/import.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name            string
		Items           []json.RawMessage
		Lines, Findings []string
	}
	if err := sigs.UnmarshalStrict(data, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(4) {
				lines, findings := imported(t, c.Items, seed)
				if !slices.Equal(lines, c.Lines) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(c.Lines, "\n"))
				}
				if !slices.EqualFunc(findings, c.Findings, strings.HasPrefix) {
					t.Errorf("got the findings %q, want %q", findings, c.Findings)
				}
			}
		})
	}
}

// imported imports resources of the namespace apps in a random order. It returns the lines with workloads and
// Services, and the findings.
func imported(t *testing.T, resources []json.RawMessage, seed uint64) (lines, findings []string) {
	t.Helper()
	items := []*yaml.RNode{yaml.MustParse("{apiVersion: v1, kind: Namespace, metadata: {name: apps}}")}
	for _, r := range resources {
		items = append(items, yaml.MustParse(string(r)))
	}
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	got := external.Import(items, nil)
	for _, f := range got.Findings {
		findings = append(findings, f.Check.Name+" "+f.Resource.String()+": "+f.Message)
	}
	data, err := external.YAML("cluster", got.Spec)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line, ok := strings.CutPrefix(strings.TrimSpace(line), "- {"); ok {
			lines = append(lines, "{"+line)
		}
	}
	return lines, findings
}

// TestImportQuotesTexts imports labels that YAML 1.1 reads as other values than texts.
func TestImportQuotesTexts(t *testing.T) {
	t.Parallel()
	values := []string{"yes", "no", "on", "off", "y", "n", "Y", "NO", "true", "null", "1", "1e3", "0x1f", "0b1", "1_000", "2024-01-01"}
	want := map[string]string{`{"y": "web"}`: `{"y": web}`}
	for _, value := range values {
		want[`{"app": "`+value+`"}`] = `{app: "` + value + `"}`
	}
	for labels, written := range want {
		pod := json.RawMessage(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "apps", "labels": ` + labels + `}, "spec": {"containers": []}}`)
		if lines, _ := imported(t, []json.RawMessage{pod}, 0); !slices.Equal(lines, []string{"{name: a, kind: Pod, labels: " + written + "}"}) {
			t.Errorf("got %q, want %s", lines, written)
		}
	}
}
