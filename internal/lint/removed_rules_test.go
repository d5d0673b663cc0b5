package lint_test

import (
	"slices"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
)

func TestRemovedRules(t *testing.T) {
	t.Parallel()
	const (
		kafka = `ingress: [{}, {toPorts: [{ports: [{port: "9092"}]}, {ports: [{port: "9092"}], rules: {kafka: [{role: produce}]}}]}]`
		at    = "spec.ingress[1].toPorts[1].rules.kafka"
	)
	for desc, c := range map[string]struct {
		policy, version string
		cni             v1alpha1.CNI
		want            []string
	}{
		"kafka in a fenced namespace":     {"metadata: {namespace: acme}\nspec: {" + kafka + "}", "1.20", "", []string{"error " + at}},
		"before Cilium removed them":      {"metadata: {namespace: acme}\nspec: {" + kafka + "}", "1.19", "", []string{"error " + at}},
		"in a namespace without a tenant": {"metadata: {namespace: shop}\nspec: {" + kafka + "}", "1.20", "", []string{"warning " + at}},
		"in a cluster-wide policy":        {"metadata: {name: all}\nspec: {" + kafka + "}", "1.20", "", []string{"error " + at}},
		"l7 rules in several specs":       {"metadata: {namespace: acme}\nspecs: [{}, {egress: [{toPorts: [{rules: {l7proto: r2d2, l7: [{cmd: READ}]}}]}]}]", "1.20", "", []string{"error specs[1].egress[0].toPorts[0].rules.l7", "error specs[1].egress[0].toPorts[0].rules.l7proto"}},
		"HTTP rules are supported":        {"metadata: {namespace: acme}\nspec: {ingress: [{toPorts: [{rules: {http: [{method: GET}]}}]}]}", "1.20", "", nil},
		"a local-config policy":           {"metadata: {namespace: acme, annotations: {config.kubernetes.io/local-config: \"true\"}}\nspec: {" + kafka + "}", "1.20", "", nil},
		"with another CNI than Cilium":    {"metadata: {namespace: acme}\nspec: {" + kafka + "}", "", v1alpha1.CNIKubernetes, nil},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			fence := (&policy.Fence{Cluster: v1alpha1.Cluster{CNI: c.cni, CiliumVersion: c.version}}).WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"acme"}})
			n := yaml.MustParse("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n" + c.policy)
			var got []string
			for _, f := range lint.RemovedRules(fence, []*yaml.RNode{n}) {
				got = append(got, string(f.Severity)+" "+f.Field)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
