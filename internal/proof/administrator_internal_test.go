package proof

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestClusterNetworkPolicies checks that isolation and FlowTests include a ClusterNetworkPolicy.
func TestClusterNetworkPolicies(t *testing.T) {
	t.Parallel()
	const (
		acme  = "subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: tenant-acme}}}"
		other = "[{namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}]"
	)
	for name, c := range map[string]struct {
		spec string
		// want has a part of each expected finding; "" expects none.
		want  []string
		holds bool
	}{
		"nothing is allowed":        {"tier: Admin, priority: 1, " + acme + ", ingress: [{action: Deny, from: " + other + "}]", nil, false},
		"Admin opens":               {"tier: Admin, priority: 1, " + acme + ", ingress: [{action: Accept, from: " + other + "}]", []string{"ClusterNetworkPolicy/admin: allows shop/Pod/web", "[undeclared-open]"}, true},
		"Baseline opens":            {"tier: Baseline, priority: 1, " + acme + ", ingress: [{action: Accept, from: " + other + "}]", []string{"ClusterNetworkPolicy/admin: allows shop/Pod/web", "[undeclared-open]"}, true},
		"Pass leaves it to others":  {"tier: Admin, priority: 1, " + acme + ", ingress: [{action: Pass, from: " + other + "}]", nil, false},
		"a declared flow is denied": {"tier: Admin, priority: 1, " + acme + ", egress: [{action: Deny, to: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]}]", []string{"egress denied by admin", "[declared-flow-denied]"}, false},
		"the apiserver refuses it":  {"tier: None, priority: 1, " + acme, []string{"ClusterNetworkPolicy/admin: is rejected by Cilium", "[policy-rejected]"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := proveAdministrator(t, c.spec)
			var found []string
			for _, f := range result.Findings {
				if f.Severity == report.Error {
					found = append(found, f.String())
				}
			}
			all := strings.Join(found, "\n")
			for _, want := range c.want {
				if !strings.Contains(all, want) {
					t.Errorf("no finding holds %q:\n%s", want, all)
				}
			}
			if len(c.want) == 0 && all != "" {
				t.Errorf("got findings:\n%s", all)
			}
			if len(result.FlowTests) > 0 && result.FlowTests[0].Passed() != c.holds {
				t.Errorf("the shop reaches acme: %v, want %v", !c.holds, c.holds)
			}
		})
	}
}

func proveAdministrator(t *testing.T, spec string) report.Report {
	t.Helper()
	var items []*yaml.RNode
	for _, doc := range []string{
		`{apiVersion: tenantfence.dev/v1alpha1, kind: Tenant, metadata: {name: acme}}`,
		`{apiVersion: tenantfence.dev/v1alpha1, kind: FenceProfile, metadata: {name: p}, spec: {cluster: {cni: Cilium, ciliumVersion: "1.20"}, enforcement: Enforce}}`,
		`{apiVersion: tenantfence.dev/v1alpha1, kind: FlowTest, metadata: {name: t}, spec: {cases: [{name: in, from: shop/web, to: tenant-acme/db, port: 80, expect: Allow}]}}`,
		`{apiVersion: v1, kind: Namespace, metadata: {name: tenant-acme}}`,
		`{apiVersion: v1, kind: Namespace, metadata: {name: shop}}`,
		`{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{name: c}]}}`,
		`{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: tenant-acme, labels: {app: db}}, spec: {containers: [{name: c}]}}`,
		`{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: admin}, spec: {` + spec + `}}`,
	} {
		items = append(items, yaml.MustParse(doc))
	}
	in, index, findings := generate.Read(yaml.MustParse(`{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: f}}`), items)
	if in == nil {
		t.Fatal(findings)
	}
	w, found := generate.Policies(in, index, nil)
	policies, err := resource.Nodes(w.Policies)
	if err != nil || found.HasError() {
		t.Fatal(err, found)
	}
	w.Fence.Agent = w.Fence.Agent.With(cilium.EnableClusterNetworkPolicy, "true", "")
	result, err := proof{in: in, index: index, Desired: w, items: append(withoutOwnKinds(items), policies...)}.run(v1alpha1.ProofIsolation)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
