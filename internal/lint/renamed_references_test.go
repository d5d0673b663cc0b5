package lint_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// item is a resource, with the namespace and name in its file if a layer changed them.
func item(t *testing.T, text, declaredNamespace, declaredName string) *yaml.RNode {
	t.Helper()
	n := yaml.MustParse(text)
	if err := resource.SetSource(n, resource.Source{Namespace: declaredNamespace, Name: declaredName}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRenamedReferences(t *testing.T) {
	t.Parallel()
	fence := `apiVersion: tenantfence.dev/v1alpha1
kind: TenantFence
metadata: {name: platform}
spec: {profileName: platform, emit: [acme]}`
	tenant := func(name, spec string) string {
		return "apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: " + name + "}\nspec: " + spec
	}
	profile := func(spec string) string {
		return "apiVersion: tenantfence.dev/v1alpha1\nkind: FenceProfile\nmetadata: {name: platform}\nspec: " + spec
	}
	flowTest := func(endpoint string) string {
		return "apiVersion: tenantfence.dev/v1alpha1\nkind: FlowTest\nmetadata: {name: flows}\nspec: {cases: [{name: a, from: world, to: " + endpoint + "}]}"
	}
	of := func(kind, namespace, name string) string {
		return "apiVersion: v1\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: " + namespace + "}"
	}
	namespace := func(name string) string { return "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + "}" }
	renamedTenant := func(spec string) *yaml.RNode { return item(t, tenant("dev-acme", spec), "", "acme") }
	renamedService := item(t, of("Service", "tenant-beta", "dev-api"), "tenant-beta", "api")
	renamedPod := item(t, of("Pod", "tenant-beta", "dev-api"), "tenant-beta", "api")
	unused := "{namespaces: [x]}"
	for name, c := range map[string]struct {
		fence string
		items []*yaml.RNode
		want  string
	}{
		"a peer":                        {"", []*yaml.RNode{renamedTenant(unused), item(t, tenant("beta", "{egress: [{to: [{tenant: acme}]}]}"), "", "")}, "a layer renames Tenant acme to dev-acme, and Tenant/beta spec.egress[0].to[0].tenant uses the old name"},
		"a peer of the same Tenant":     {"", []*yaml.RNode{renamedTenant("{namespaces: [x], egress: [{to: [{tenant: acme}]}]}")}, "Tenant/dev-acme spec.egress[0].to[0].tenant"},
		"a claim":                       {"", []*yaml.RNode{renamedTenant(unused), item(t, profile("{tenants: {claims: {acme: [x]}}}"), "", "")}, "FenceProfile/platform spec.tenants.claims.acme uses"},
		"an override":                   {"", []*yaml.RNode{renamedTenant(unused), item(t, profile("{overrides: [{tenants: [acme]}]}"), "", "")}, "spec.overrides[0].tenants[0] uses"},
		"an allowed path":               {"", []*yaml.RNode{renamedTenant(unused), item(t, profile("{tenants: {allowedPaths: [{names: [acme], paths: [a]}]}}"), "", "")}, "spec.tenants.allowedPaths[0].names[0] uses"},
		"emit":                          {fence, []*yaml.RNode{renamedTenant(unused)}, "TenantFence/platform spec.emit[0] uses"},
		"the name of the profile":       {fence, []*yaml.RNode{item(t, strings.Replace(profile("{}"), "platform", "dev-platform", 1), "", "platform")}, "a layer renames FenceProfile platform to dev-platform, and TenantFence/platform spec.profileName uses"},
		"the tenant's pods":             {"", []*yaml.RNode{renamedTenant(unused), item(t, flowTest("tenant/acme/*"), "", "")}, "FlowTest/flows spec.cases[0].to uses"},
		"the namespace of the old name": {"", []*yaml.RNode{renamedTenant("{}"), item(t, namespace("tenant-acme"), "", "")}, "Namespace/tenant-acme uses"},
		"its namespace":                 {"", []*yaml.RNode{item(t, tenant("acme", "{}"), "", ""), item(t, namespace("other"), "", "tenant-acme")}, "a layer renames Namespace tenant-acme to other, and Tenant/acme uses the old name"},
		"a listed namespace":            {"", []*yaml.RNode{item(t, tenant("acme", "{namespaces: [x]}"), "", ""), item(t, namespace("other"), "", "x")}, "Tenant/acme spec.namespaces[0] uses"},
		"a claimed namespace":           {"", []*yaml.RNode{item(t, profile("{tenants: {claims: {acme: [x]}}}"), "", ""), item(t, namespace("other"), "", "x")}, "spec.tenants.claims.acme uses"},
		"a Service":                     {"", []*yaml.RNode{item(t, tenant("beta", "{egress: [{to: [{service: api}]}]}"), "", ""), renamedService}, "a layer renames Service tenant-beta/api to tenant-beta/dev-api, and Tenant/beta spec.egress[0].to[0].service uses"},
		"a Service with its namespace":  {"", []*yaml.RNode{item(t, tenant("acme", "{egress: [{to: [{service: tenant-beta/api}]}]}"), "", ""), renamedService}, "Tenant/acme spec.egress[0].to[0].service uses"},
		"a workload":                    {"", []*yaml.RNode{item(t, flowTest("tenant-beta/Pod/api"), "", ""), renamedPod}, "a layer renames workload tenant-beta/api to tenant-beta/dev-api, and"},
		"two copies of a Service":       {"", []*yaml.RNode{item(t, flowTest("service/tenant-beta/api"), "", ""), renamedService, item(t, of("Service", "tenant-beta", "prod-api"), "tenant-beta", "api")}, "Service tenant-beta/api to tenant-beta/dev-api and tenant-beta/prod-api, and"},
		"a name that nothing uses":      {"", []*yaml.RNode{renamedTenant(unused), renamedService, renamedPod}, ""},
		"a name that is used again":     {"", []*yaml.RNode{item(t, flowTest("tenant-beta/Pod/api"), "", ""), renamedPod, item(t, of("Pod", "tenant-beta", "api"), "", "")}, ""},
		"the new name":                  {"", []*yaml.RNode{item(t, flowTest("tenant-beta/Pod/dev-api"), "", ""), renamedPod}, ""},
		"a missing name":                {"", []*yaml.RNode{item(t, flowTest("tenant-beta/Pod/web"), "", ""), renamedPod}, ""},
		"a template":                    {"", []*yaml.RNode{renamedTenant("{}"), item(t, namespace("tenant-dev-acme"), "", "")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := yaml.MustParse("apiVersion: tenantfence.dev/v1alpha1\nkind: TenantFence\nmetadata: {name: platform}\n")
			if c.fence != "" {
				config = yaml.MustParse(c.fence)
			}
			got := lint.RenamedReferences(config, c.items, []string{"tenant-{name}"})
			if len(got) != min(len(c.want), 1) || len(got) == 1 && (got[0].Check != report.ReferenceRenamed || !strings.Contains(got[0].Message, c.want)) {
				t.Errorf("got %v, want %q", got, c.want)
			}
		})
	}
}
