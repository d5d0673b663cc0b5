package generate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/generate"
)

// Tenants are decoded in parallel, and read in the order of the build.
func TestReadManyTenants(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: tenantfence.dev/v1alpha1\nkind: FenceProfile\nmetadata: {name: platform}\nspec: {cluster: {cni: Cilium, ciliumVersion: %q}}\n", cilium.Newest)
	var valid, invalid []string
	for i := range 300 {
		name, field := fmt.Sprintf("t%d", 299-i), "egress: []"
		if i%10 == 0 {
			field = "egres: []"
			invalid = append(invalid, name)
		} else {
			valid = append(valid, name)
		}
		fmt.Fprintf(&b, "---\napiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: %s}\nspec: {%s}\n", name, field)
	}
	items, err := kio.FromBytes([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}}")
	in, _, findings := generate.Read(config, items)
	if in == nil {
		t.Fatal(findings)
	}
	var names, refused []string
	for _, tenant := range in.Tenants {
		names = append(names, tenant.Name)
	}
	for _, f := range findings {
		refused = append(refused, f.Resource.Name)
	}
	if !slices.Equal(names, valid) {
		t.Errorf("got the Tenants %q, want %q", names, valid)
	}
	if !slices.Equal(in.UnreadableTenants, invalid) || !slices.Equal(refused, invalid) {
		t.Errorf("refused %q with findings about %q, want %q", in.UnreadableTenants, refused, invalid)
	}
}
