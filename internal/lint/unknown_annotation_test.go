package lint_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/lint"
)

func TestUnknownAnnotations(t *testing.T) {
	t.Parallel()
	for annotations, want := range map[string]string{
		`tenantfence.dev/patch: dns`:                          "",
		`tenantfence.dev/adopt: "true"`:                       "",
		`team.tenantfence.dev/patches: dns`:                   "",
		`example.com/patches: dns`:                            "",
		`tenantfence.dev/patches: dns`:                        "write tenantfence.dev/patch, or remove it",
		`tenantfence.dev/owner: acme`:                         "the annotations are tenantfence.dev/for",
		`tenantfence.dev/adopt: "true", tenantfence.dev/a: b`: "metadata.annotations[tenantfence.dev/a]",
	} {
		found := lint.UnknownAnnotations([]*yaml.RNode{yaml.MustParse("{apiVersion: v1, kind: Pod, metadata: {name: web, annotations: {" + annotations + "}}}")})
		if (want == "") != (len(found) == 0) || len(found) > 0 && !strings.Contains(found[0].String(), want) {
			t.Errorf("%s: %v, want %q", annotations, found, want)
		}
	}
}
