package flux

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  labels: {tenantfence.dev/fence: fence}
  name: tenantfence-egress-names
  namespace: tenant-acme
data: {price: "${PORT}"}
`

const otherConfigMaps = `apiVersion: v1
kind: Namespace
metadata: {name: tenant-acme}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: by-hand, namespace: tenant-acme, labels: {app.kubernetes.io/managed-by: tenantfence}}
spec: {}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: with-our-label, namespace: tenant-acme, labels: {tenantfence.dev/fence: fence}}
`

const networkPolicy = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  labels: {app.kubernetes.io/managed-by: flux, tenantfence.dev/fence: fence, tenantfence.dev/tenant: acme, tenantfence.dev/stage: Allow}
  name: egress-llm
  namespace: tenant-acme
spec: {podSelector: {}}
`

func TestTreePaths(t *testing.T) {
	t.Parallel()
	files := tree(t, defaults, append(tenant("acme"), configMap, otherConfigMaps, networkPolicy, cnp("beta", "Baseline", "allow-dns"), ccnp("Allow", "nodes"),
		strings.ReplaceAll(configMap, "tenant-acme", "kube-system"))...)
	equal(t, "files", files.paths(), []string{
		"_cluster/allow/ciliumclusterwidenetworkpolicy_nodes.yaml",
		"_cluster/allow/configmap_kube-system.tenantfence-egress-names.yaml",
		"_cluster/allow/kustomization.yaml",
		"_flux/tenantfence-cluster-allow.yaml",
		"_flux/tenantfence-tenant-acme-allow.yaml",
		"_flux/tenantfence-tenant-acme-baseline.yaml",
		"_flux/tenantfence-tenant-acme-default-deny.yaml",
		"_flux/tenantfence-tenant-beta-baseline.yaml",
		"acme/allow/kustomization.yaml",
		"acme/allow/networkpolicy_tenant-acme.egress-llm.yaml",
		"acme/allow/tenant-acme.egress-llm.yaml",
		"acme/baseline/configmap_tenant-acme.tenantfence-egress-names.yaml",
		"acme/baseline/kustomization.yaml",
		"acme/baseline/tenant-acme.allow-dns.yaml",
		"acme/default-deny/kustomization.yaml",
		"acme/default-deny/tenant-acme.default-deny.yaml",
		"beta/baseline/kustomization.yaml",
		"beta/baseline/tenant-beta.allow-dns.yaml",
		"kustomization.yaml",
	})
	equal(t, "kustomization.yaml", body(t, files, "acme/allow/kustomization.yaml"), `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- networkpolicy_tenant-acme.egress-llm.yaml
- tenant-acme.egress-llm.yaml
`)
}

func TestConfigMapPlacedByLabels(t *testing.T) {
	t.Parallel()
	labelled := strings.Replace(configMap, "labels: {", "labels: {tenantfence.dev/tenant: beta, tenantfence.dev/stage: Allow, ", 1)
	files := tree(t, defaults, append(append(tenant("acme"), tenant("beta")...), labelled)...)
	body(t, files, "beta/allow/configmap_tenant-acme.tenantfence-egress-names.yaml")
}

func TestTreeAddsOneAnnotation(t *testing.T) {
	t.Parallel()
	in := items(t, cnp("acme", "Allow", "egress-llm"))
	before := in[0].MustString()
	files, _, err := Tree(in, defaults)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(before, "  annotations:\n", "  annotations:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\n", 1)
	got := body(t, files, "acme/allow/tenant-acme.egress-llm.yaml")
	if !slices.Equal(slices.Sorted(strings.Lines(got)), slices.Sorted(strings.Lines(want))) {
		t.Errorf("got:\n%s\nwant, in any order:\n%s", got, want)
	}
	equal(t, "the input item", in[0].MustString(), before)
}

func TestTreeIgnoresItemOrder(t *testing.T) {
	t.Parallel()
	documents := append(append(tenant("acme"), tenant("beta")...), configMap, networkPolicy, ccnp("Allow", "nodes"), ccnp("DefaultDeny", "deny"))
	for _, o := range groupings {
		want := tree(t, o, documents...)
		for range documents {
			documents = append(documents[1:], documents[0])
			equal(t, string(o.GroupBy), tree(t, o, documents...), want)
		}
	}
}

// dependencies returns the dependencies of each Kustomization of Flux.
func dependencies(t *testing.T, files Files) map[string][]string {
	t.Helper()
	got := map[string][]string{}
	for file := range files {
		if !strings.HasPrefix(file, stepsDir+"/") {
			continue
		}
		var k fluxKustomization
		if err := yaml.Unmarshal(files[file], &k); err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, d := range k.Spec.DependsOn {
			names = append(names, d.Name)
		}
		got[k.Metadata.Name] = names
	}
	return got
}

func TestStageDependencies(t *testing.T) {
	t.Parallel()
	const acme = "tenantfence-tenant-acme-"
	tests := map[string]struct {
		groupBy   Grouping
		documents []string
		want      map[string][]string
	}{
		"a tenant's stages are a chain": {ByTenant, tenant("acme"), map[string][]string{
			acme + "baseline": {}, acme + "allow": {acme + "baseline"}, acme + "default-deny": {acme + "allow"},
		}},
		"the chain skips an empty stage": {ByTenant, []string{cnp("acme", "Baseline", "allow-dns"), cnp("acme", "DefaultDeny", "default-deny")}, map[string][]string{
			acme + "baseline": {}, acme + "default-deny": {acme + "baseline"},
		}},
		"one stage has no dependency": {ByTenant, []string{cnp("acme", "DefaultDeny", "default-deny")}, map[string][]string{acme + "default-deny": {}}},
		"tenants do not depend on each other": {ByTenant, []string{cnp("acme", "Allow", "a"), cnp("beta", "DefaultDeny", "default-deny")}, map[string][]string{
			acme + "allow": {}, "tenantfence-tenant-beta-default-deny": {},
		}},
		"a tenant's default-deny depends on the cluster's allows": {ByTenant, append(tenant("acme"), ccnp("Baseline", "dns")), map[string][]string{
			acme + "baseline": {}, acme + "allow": {acme + "baseline"}, acme + "default-deny": {acme + "allow", "tenantfence-cluster-baseline"},
			"tenantfence-cluster-baseline": {},
		}},
		"the cluster's default-deny depends on the tenants' allows": {ByTenant, append(tenant("acme"), ccnp("Allow", "nodes"), ccnp("DefaultDeny", "deny")), map[string][]string{
			acme + "baseline": {}, acme + "allow": {acme + "baseline"}, acme + "default-deny": {acme + "allow", "tenantfence-cluster-allow"},
			"tenantfence-cluster-allow": {}, "tenantfence-cluster-default-deny": {"tenantfence-cluster-allow", acme + "allow"},
		}},
		"stages of all tenants are one chain": {ByStage, append(tenant("acme"), append(tenant("beta"), ccnp("Allow", "nodes"))...), map[string][]string{
			"tenantfence-stage-baseline": {}, "tenantfence-stage-allow": {"tenantfence-stage-baseline"}, "tenantfence-stage-default-deny": {"tenantfence-stage-allow"},
		}},
		"the chain of all tenants skips an empty stage": {ByStage, []string{cnp("acme", "Baseline", "allow-dns"), cnp("beta", "DefaultDeny", "default-deny")}, map[string][]string{
			"tenantfence-stage-baseline": {}, "tenantfence-stage-default-deny": {"tenantfence-stage-baseline"},
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := defaults
			o.GroupBy = test.groupBy
			equal(t, "dependsOn", dependencies(t, tree(t, o, test.documents...)), test.want)
		})
	}
}

func TestStageListsOwners(t *testing.T) {
	t.Parallel()
	files := tree(t, groupings[1], append(tenant("acme"), cnp("beta", "Allow", "egress-llm"), ccnp("Allow", "nodes"))...)
	equal(t, "kustomization.yaml", body(t, files, "_stages/allow/kustomization.yaml"), `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../_cluster/allow
- ../../acme/allow
- ../../beta/allow
`)
}

func TestFluxKustomization(t *testing.T) {
	t.Parallel()
	o := Options{Source: Source{"OCIRepository", "policies"}, Path: "./", Namespace: "fences", GroupBy: ByTenant}
	files := tree(t, o, tenant("acme")...)
	equal(t, "allow", body(t, files, "_flux/tenantfence-tenant-acme-allow.yaml"), `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: tenantfence-tenant-acme-allow
  namespace: fences
  labels:
    app.kubernetes.io/managed-by: tenantfence
    tenantfence.dev/stage: Allow
    tenantfence.dev/tenant: acme
spec:
  dependsOn:
  - name: tenantfence-tenant-acme-baseline
  interval: 10m
  retryInterval: 1m
  timeout: 3m
  sourceRef:
    kind: OCIRepository
    name: policies
  path: ./acme/allow
  prune: true
  wait: true
`)
}

func TestLongNamesStayUnique(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 62)+"x", strings.Repeat("a", 62)+"y"
	if len(stepName(a, defaultDenyStage)) != maxName || stepName(a, defaultDenyStage) == stepName(b, defaultDenyStage) {
		t.Errorf("%s and %s", stepName(a, defaultDenyStage), stepName(b, defaultDenyStage))
	}
	long := strings.Repeat("n", 250)
	files := tree(t, defaults, strings.ReplaceAll(cnp("acme", "Allow", long), "tenant-acme", "ns"), strings.ReplaceAll(cnp("acme", "Allow", long+"x"), "tenant-acme", "ns"))
	if len(files) != 5 {
		t.Errorf("got %v, want 5 files: two policies, a kustomization, a step and the root", files.paths())
	}
	for file := range files {
		if len(file) > 255 {
			t.Errorf("%s: file systems allow names of 255 bytes", file)
		}
	}
}

func TestTreeRejectsItem(t *testing.T) {
	t.Parallel()
	good := cnp("acme", "Allow", "egress-llm")
	tests := map[string]struct{ document, check, field string }{
		"a build without policies":               {otherConfigMaps, report.NothingToRender.Name, ""},
		"a build with only a ConfigMap":          {configMap, report.NothingToRender.Name, ""},
		"another kind with the label":            {strings.Replace(good, "kind: CiliumNetworkPolicy", "kind: CiliumEnvoyConfig", 1), report.NothingToRender.Name, ""},
		"the same kind of another group":         {strings.Replace(networkPolicy, "networking.k8s.io", "crd.projectcalico.org", 1), report.NothingToRender.Name, ""},
		"a policy without a stage":               {strings.Replace(good, "    tenantfence.dev/stage: Allow\n", "", 1), report.PolicyNotRenderable.Name, "metadata.labels"},
		"an unknown stage":                       {strings.Replace(good, "stage: Allow", "stage: Later", 1), report.PolicyNotRenderable.Name, "metadata.labels"},
		"a ConfigMap with an unknown stage":      {good + "---\n" + strings.Replace(configMap, "labels: {", "labels: {tenantfence.dev/stage: Later, ", 1), report.PolicyNotRenderable.Name, "metadata.labels"},
		"a policy without a tenant":              {strings.Replace(good, "    tenantfence.dev/tenant: acme\n", "", 1), report.PolicyNotRenderable.Name, "metadata.labels"},
		"a tenant with a path outside the tree":  {strings.Replace(good, "tenant: acme", "tenant: ../../etc", 1), report.PolicyNotRenderable.Name, "metadata.labels"},
		"a tenant with the cluster's folder":     {strings.Replace(good, "tenant: acme", "tenant: _cluster", 1), report.PolicyNotRenderable.Name, "metadata.labels"},
		"a tenant with the path of a root file":  {strings.Replace(good, "tenant: acme", "tenant: kustomization.yaml", 1), report.PolicyNotRenderable.Name, "metadata.labels"},
		"a name with a path outside the tree":    {strings.Replace(good, "name: egress-llm", "name: ../../etc", 1), report.PolicyNotRenderable.Name, "metadata.name"},
		"a policy without a namespace":           {strings.Replace(good, "  namespace: tenant-acme\n", "", 1), report.PolicyNotRenderable.Name, "metadata.namespace"},
		"an invalid namespace":                   {strings.Replace(good, "namespace: tenant-acme", "namespace: a.b", 1), report.PolicyNotRenderable.Name, "metadata.namespace"},
		"the same policy twice":                  {good + "---\n" + strings.Replace(good, "\"443\"", "\"80\"", 1), report.PolicyNotRenderable.Name, "metadata.name"},
		"the same policy twice, in two versions": {good + "---\n" + strings.Replace(good, "cilium.io/v2", "cilium.io/v2alpha1", 1), report.PolicyNotRenderable.Name, "metadata.name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, findings, err := Tree(items(t, test.document), defaults)
			if err != nil || files != nil || len(findings) != 1 {
				t.Fatalf("got %v, %v, %v, want one finding", slices.Collect(maps.Keys(files)), findings, err)
			}
			equal(t, "finding", [2]string{findings[0].Check.Name, findings[0].Field}, [2]string{test.check, test.field})
		})
	}
}

func TestTreeReportsAllFindings(t *testing.T) {
	t.Parallel()
	_, findings, _ := Tree(items(t, cnp("_a", "Allow", "x"), cnp("acme", "Later", "y"), cnp("acme", "Allow", "fine")), defaults)
	if len(findings) != 2 {
		t.Errorf("got %v, want two findings", findings)
	}
}

func TestIdenticalCopiesRenderedOnce(t *testing.T) {
	t.Parallel()
	one := ccnp("Allow", "nodes")
	copied := strings.Replace(one, "  name: nodes\n", "  name: nodes\n  namespace: app\n", 1)
	equal(t, "files", tree(t, defaults, append(tenant("acme"), copied, one)...).paths(), tree(t, defaults, append(tenant("acme"), one)...).paths())
}
