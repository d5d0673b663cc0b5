package resource_test

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestTenantOf holds which tenant resources belong to: acme owns a whole namespace, and beta some pods of tools.
func TestTenantOf(t *testing.T) {
	t.Parallel()
	f := (&policy.Fence{}).WithOwners(
		&policy.Owner{Name: "acme", Namespaces: []string{"tenant-acme"}},
		&policy.Owner{Name: "beta", Namespaces: []string{"tools"}, Selector: endpoints.Selector{MatchLabels: map[string]string{"team": "beta"}}},
		&policy.Owner{Kind: policy.Nodes, Name: "acme"},
	)
	const cnp = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, namespace: "
	for item, want := range map[string]string{
		"{apiVersion: v1, kind: Namespace, metadata: {name: tenant-acme}}":                                                                                        "acme",
		"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: tenant-acme}}":                                                                                "acme",
		"{apiVersion: v1, kind: Namespace, metadata: {name: tools}}":                                                                                              "",
		"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: tools}}":                                                                                      "",
		"{apiVersion: v1, kind: Node, metadata: {name: tenant-acme}}":                                                                                             "",
		"{apiVersion: example.com/v1, kind: Namespace, metadata: {name: tenant-acme}}":                                                                            "",
		cnp + "tenant-acme, labels: {tenantfence.dev/fence: f, tenantfence.dev/tenant: acme}}}":                                                                   "acme",
		cnp + "tenant-acme, labels: {tenantfence.dev/fence: f, tenantfence.dev/tenant: beta}}}":                                                                   "acme",
		cnp + "tools, labels: {tenantfence.dev/fence: f, tenantfence.dev/tenant: beta}}}":                                                                         "beta",
		cnp + "tools, labels: {tenantfence.dev/fence: f, tenantfence.dev/tenant: acme}}}":                                                                         "",
		cnp + "tools, labels: {tenantfence.dev/tenant: beta}}}":                                                                                                   "",
		cnp + "elsewhere, labels: {tenantfence.dev/fence: f, tenantfence.dev/tenant: acme}}}":                                                                     "",
		"{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: a, labels: {tenantfence.dev/fence: f, tenantfence.dev/tenant: acme}}}": "",
	} {
		if got := resource.OwnershipOf(f).TenantOf(yaml.MustParse(item)); got != want {
			t.Errorf("%s belongs to %q, want %q", item, got, want)
		}
	}
	// Two fences that give a namespace to two tenants share it.
	other := resource.OwnershipOf((&policy.Fence{}).WithOwners(&policy.Owner{Name: "gamma", Namespaces: []string{"tenant-acme"}}))
	pod := yaml.MustParse("{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: tenant-acme}}")
	if got := resource.OwnershipOf(f).With(other).TenantOf(pod); got != "" {
		t.Errorf("a pod of two tenants belongs to %q", got)
	}
}
