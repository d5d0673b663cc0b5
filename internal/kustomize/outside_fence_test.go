package kustomize

import (
	"errors"
	"testing"

	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	own "github.com/tenantfence/tenantfence/internal/resource"
)

// TestBuildRefusesTenantsOutsideTheFence checks a fence that is a generator, which receives no Tenants.
func TestBuildRefusesTenantsOutsideTheFence(t *testing.T) {
	t.Parallel()
	_, err := Build(filesys.MakeFsOnDisk(), "testdata/outside-fence", Options{Function: testFunction})
	var outsideFence *OutsideFenceError
	if !errors.As(err, &outsideFence) || len(outsideFence.Items) != 2 {
		t.Fatal(err)
	}
	for i, want := range []string{"FenceProfile/default", "Tenant/acme"} {
		if got := outsideFence.Items[i]; got.String() != want || got.File != "testdata/base/tenants.yaml" {
			t.Errorf("got %+v, want %s", got, want)
		}
	}
}

// TestFallbackRefusesWhatNoFenceReceived checks the result of a fallback: a Tenant as the function
// received it, one that a layer changed since then, and one without the mark of the build.
func TestFallbackRefusesWhatNoFenceReceived(t *testing.T) {
	t.Parallel()
	factory := resmap.NewFactory(provider.NewDefaultDepProvider().GetResourceFactory())
	tenant := "apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {namespaces: [a]}\n"
	mark := own.SeenMark("secret", yaml.MustParse(tenant))
	for name, c := range map[string]struct {
		spec, mark     string
		items, changed int
	}{
		"as received":             {"{namespaces: [a]}", mark, 0, 0},
		"changed since then":      {"{namespaces: [b]}", mark, 0, 1},
		"not received":            {"{namespaces: [a]}", "", 1, 0},
		"marked in another build": {"{namespaces: [a]}", "other" + mark, 1, 0},
	} {
		m, err := factory.NewResMapFromBytes([]byte("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme, annotations: {" +
			savedLocalConfigAnnotation + ": \"true\", " + own.AnnotationSeen + ": \"" + c.mark + "\"}}\nspec: " + c.spec))
		if err != nil {
			t.Fatal(err)
		}
		err = (&build{opts: Options{Seen: "secret"}}).removeOwnResources(m)
		outsideFence := &OutsideFenceError{}
		if refused := errors.As(err, &outsideFence); refused != (c.items+c.changed > 0) || len(outsideFence.Items) != c.items || len(outsideFence.Changed) != c.changed || m.Size() > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
