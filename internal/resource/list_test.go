package resource_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/fn/framework"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

const created = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  annotations:\n    tenantfence.dev/for: |-\n      a\n      b\n  name: a\n"

// addPolicy adds an item and results, as the function does.
func addPolicy(rl *framework.ResourceList) {
	rl.Items = append(rl.Items, yaml.MustParse(created))
	for i := range 70 {
		rl.Results = append(rl.Results, &framework.Result{Message: fmt.Sprintf("a: b%d", i), Severity: framework.Warning})
	}
}

// createPolicy does what addPolicy does twice. The second policy has no node yet.
func createPolicy(rl *framework.ResourceList) ([]*resource.Generated, error) {
	addPolicy(rl)
	content := func() (map[string]any, error) { return yaml.MustParse(created).Map() }
	return []*resource.Generated{resource.NewGenerated(report.Ref{Kind: "CiliumNetworkPolicy", Name: "a"}, resource.Metadata{}, content)}, nil
}

// checkExecute compares what Execute writes with what kyaml does.
func checkExecute(t *testing.T, list []byte) {
	t.Helper()
	var want bytes.Buffer
	rw := &kio.ByteReadWriter{Reader: bytes.NewReader(list), Writer: &want, KeepReaderAnnotations: true}
	wantErr := framework.Execute(framework.ResourceListProcessorFunc(func(rl *framework.ResourceList) error {
		if rw.WrappingKind != kio.ResourceListKind {
			return resource.ErrNotResourceList
		}
		addPolicy(rl)
		rl.Items = append(rl.Items, yaml.MustParse(created))
		return nil
	}), rw)
	var got bytes.Buffer
	err := resource.Execute(bytes.NewReader(list), &got, createPolicy)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("got the error %v, want %v, for\n%s", err, wantErr, list)
	}
	if err == nil && got.String() != want.String() {
		t.Errorf("got\n%s\nwant\n%s\nfor\n%s", got.String(), want.String(), list)
	}
}

// listOf puts resources into a ResourceList, indented as they are.
func listOf(documents string) []byte {
	var b strings.Builder
	b.WriteString("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c}\nitems:\n")
	for document := range strings.SplitSeq("\n"+documents, "\n---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		b.WriteString("-\n")
		for line := range strings.Lines(document) {
			b.WriteString("  " + line)
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}

func TestExecuteWritesAsKyaml(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/generated/*/*.yaml")
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		checkExecute(t, listOf(string(content)))
	}
}

func FuzzExecute(f *testing.F) {
	item := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n"
	for _, text := range []string{
		"    internal.config.kubernetes.io/path: a.yaml\n    internal.config.kubernetes.io/index: '0'\n", "    config.kubernetes.io/path: a.yaml\n    config.kubernetes.io/index: '1'\n",
		"    config.k8s.io/id: '3'\n", "    a: b # c\n", "  # c\n    a: b\n", "    a: |\n      b\n       c\n\n", "    a: >-\n      b\n      c\n", "    {}\n", "    a: \"b\\tc\"\r\n", "    a: &x b\n    c: *x\n", "    a: !!str 1\n",
		"    a: [b, {c: d}]\n", "    a:\n      - b\n      -  c: d\n         e: f\n", "data:\n  a: '" + strings.Repeat("x ", 5000) + "'\n", "  labels: {}\n", "spec:\n", "data:\n  a: |2\n      b\n  c: |+\n    d\n\n",
	} {
		f.Add(string(listOf(item + text)))
		f.Add(string(listOf(item + text + "\n---\n" + item + text)))
	}
	f.Add("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n")
	f.Add("apiVersion: v1\nkind: List\nitems: []\n")
	f.Fuzz(func(t *testing.T, list string) {
		if err := resource.Execute(strings.NewReader(list), &bytes.Buffer{}, func(*framework.ResourceList) ([]*resource.Generated, error) { return nil, errors.New("stop") }); err == nil {
			t.Fatal("the error is lost")
		}
		checkExecute(t, []byte(list))
	})
}
