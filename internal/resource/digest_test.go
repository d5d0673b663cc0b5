package resource_test

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestDigest compares resources that state the same, and others that differ in one value or type.
func TestDigest(t *testing.T) {
	t.Parallel()
	of := func(text string) [32]byte { return resource.Digest(yaml.MustParse(text)) }
	base := of("metadata: {name: a, labels: {b: c}}\nlist: [1, 2]")
	if got := of("# comment\nmetadata: {name: a, labels: {b: c}} # comment\nlist: [1, 2]"); got != base {
		t.Error("a comment changes the digest")
	}
	for _, other := range []string{
		"metadata: {name: a, labels: {b: d}}\nlist: [1, 2]", "metadata: {name: a, labels: {bc: ''}}\nlist: [1, 2]",
		"metadata: {name: a, labels: {b: c}}\nlist: [1, '2']", "metadata: {name: a, labels: {b: c}}\nlist: [[1, 2]]",
		"metadata: {name: a, labels: {b: c}}\nlist: [12]", "metadata: {name: a, labels: {b: c, d: null}}\nlist: [1, 2]",
		"metadata: {name: a, labels: {b: &x c}}\nlist: [1, 2]\nalias: *x", "metadata: {name: a, labels: {b: c}}\nlist: []",
	} {
		if of(other) == base {
			t.Errorf("%s: the digest is that of another resource", other)
		}
	}
	n := yaml.MustParse("metadata: {name: a, annotations: {b: c}}")
	before := resource.Digest(n)
	if err := resource.SetSource(n, resource.Source{File: "a.yaml", Index: 3}); err != nil {
		t.Fatal(err)
	}
	if resource.Digest(n) != before {
		t.Error("the file of a resource changes its digest")
	}
}
