package fn_test

import (
	"slices"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Without Tenants, verify reports a tenant namespace in which no policy has the labels of a default-deny.
func TestLabelsWithoutDefaultDeny(t *testing.T) {
	t.Parallel()
	all := finished(t)
	without := slices.DeleteFunc(slices.Clone(all), func(n *yaml.RNode) bool { return n.GetName() == "default-deny" })
	for name, c := range map[string]struct {
		items []*yaml.RNode
		want  bool
	}{
		"with a default-deny":    {all, false},
		"without a default-deny": {without, true},
	} {
		r, err := proof.Verify(proof.Verification{Items: c.items})
		if err != nil {
			t.Fatal(err)
		}
		got := slices.ContainsFunc(r.Findings, func(f report.Finding) bool {
			return f.Check == report.DefaultDenyMissing && f.Resource.Name == "tenant-acme"
		})
		if got != c.want {
			t.Errorf("%s: default-deny-missing is reported: %v, want %v: %v", name, got, c.want, r.Findings)
		}
	}
}
