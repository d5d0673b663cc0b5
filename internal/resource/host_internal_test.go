package resource

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func TestDeclaredID(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ metadata, namespaces, names, want string }{
		"unknown":                 {"{name: web}", "", "", "/"},
		"unchanged":               {"{name: web}", "default", "web", "/"},
		"a prefix":                {"{name: dev-web, namespace: acme}", "acme", "web", "acme/web"},
		"two layers":              {"{name: dev-web-v2, namespace: acme}", "acme,acme", "web,dev-web", "acme/web"},
		"another namespace":       {"{name: web, namespace: acme}", "default", "web", "default/web"},
		"a kind without one":      {"{name: dev-admin}", "_non_namespaceable_", "admin", "/admin"},
		"renamed and named again": {"{name: web, namespace: acme}", "acme,acme", "web,dev-web", "/"},
	} {
		n := yaml.MustParse("apiVersion: v1\nkind: Service\nmetadata: " + c.metadata)
		if namespace, declared := DeclaredID(n, c.namespaces, c.names); namespace+"/"+declared != c.want {
			t.Errorf("%s: got %s/%s, want %s", name, namespace, declared, c.want)
		}
	}
}

// TestSeenMark checks that a mark depends on the value of the build and on the spec.
func TestSeenMark(t *testing.T) {
	t.Parallel()
	mark := func(text string) string { return SeenMark("secret", yaml.MustParse(text)) }
	one := mark("kind: Tenant\nspec: {a: 1, b: 2}")
	if one != mark("kind: Tenant\nmetadata: {labels: {a: b}}\nspec:\n  b: 2 # a comment\n  a: 1") {
		t.Error("a notation changes the mark")
	}
	if one == mark("kind: Tenant\nspec: {a: 1, b: 3}") || mark("kind: Tenant") == one || mark("kind: Tenant") != mark("kind: Tenant\nspec: {}") {
		t.Error("another spec has the same mark")
	}
	if !IsSeen("secret", one) || IsSeen("other", one) || IsSeen("secret", "secret") || IsSeen("secret", "") {
		t.Error("a mark of another build counts")
	}
}
