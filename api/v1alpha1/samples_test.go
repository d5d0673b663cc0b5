package v1alpha1

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/strict"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

var update = flag.Bool("update", false, "rewrite the .out files, and fail where one changes")

// decodeAny decodes a resource by its kind, and an unknown kind as a Tenant.
func decodeAny(n *yaml.RNode) (any, field.ErrorList) {
	kind := ""
	if n != nil && n.YNode() != nil && n.YNode().Kind == yaml.MappingNode {
		kind, _ = text(n.YNode(), "kind")
	}
	switch kind {
	case KindFenceProfile:
		return Decode[FenceProfile](n, nil)
	case KindTenantFence:
		return DecodeFence(n)
	case KindFlowTest:
		return Decode[FlowTest](n, nil)
	case KindExternalResources:
		return Decode[ExternalResources](n, nil)
	}
	return Decode[Tenant](n, nil)
}

func samples(tb testing.TB, pattern string) []string {
	tb.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		tb.Fatalf("no sample matches %s: %v", pattern, err)
	}
	return files
}

func readSample(tb testing.TB, file string) *yaml.RNode {
	tb.Helper()
	n, err := yaml.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func TestValidSamples(t *testing.T) {
	for _, file := range samples(t, "testdata/ok/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if _, errs := decodeAny(readSample(t, file)); len(errs) > 0 {
				t.Errorf("%s: %s", file, lines(errs))
			}
		})
	}
}

func TestInvalidSamples(t *testing.T) {
	for _, file := range samples(t, "testdata/err/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, errs := decodeAny(readSample(t, file))
			if len(errs) == 0 {
				t.Fatalf("%s: decoded without an error", file)
			}
			compare(t, strings.TrimSuffix(file, ".yaml")+".out", lines(errs))
		})
	}
}

func lines(errs field.ErrorList) string {
	var out strings.Builder
	for _, e := range errs {
		out.WriteString(e.Field + ": " + strict.Message(e) + "\n")
	}
	return out.String()
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err == nil && string(want) == got {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s was rewritten: read it, then run again", file)
		return
	}
	t.Errorf("%s: %v\ngot:\n%swant:\n%s", file, err, got, want)
}
