package kustomize

import (
	"errors"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
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
