package lint_test

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/policy"
)

func TestRequirements(t *testing.T) {
	t.Parallel()
	const (
		narrows = "which is not decided: nothing is proved: add its labels to each selector of"
		refused = "an apiserver refuses the policy: nothing is proved"
	)
	for desc, c := range map[string]struct {
		policy, version string
		cni             v1alpha1.CNI
		// want is severity and field of each finding, and message a part of each message.
		want    []string
		message string
	}{
		"egress, before Cilium removed the field": {"metadata: {namespace: acme}\nspec: {egress: [{}, {toRequires: [{}]}]}", "1.18", "", []string{"error spec.egress[1].toRequires"}, narrows + " toEndpoints"},
		"ingress, since Cilium removed the field": {"metadata: {namespace: acme}\nspec: {ingress: [{fromRequires: [{}]}]}", "1.19", "", []string{"error spec.ingress[0].fromRequires"}, refused},
		"deny rules in several specs": {
			"metadata: {namespace: acme}\nspecs: [{}, {egressDeny: [{toRequires: [{}]}], ingressDeny: [{fromRequires: [{}]}]}]", "1.14", "",
			[]string{"error specs[1].ingressDeny[0].fromRequires", "error specs[1].egressDeny[0].toRequires"}, narrows,
		},
		"a value that is not a list":      {"metadata: {namespace: acme}\nspec: {egress: [{toRequires: {env: prod}}]}", "1.18", "", []string{"error spec.egress[0].toRequires"}, narrows},
		"in a cluster-wide policy":        {"metadata: {name: all}\nspec: {egress: [{toRequires: [{}]}]}", "1.18", "", []string{"error spec.egress[0].toRequires"}, narrows},
		"in a namespace without a tenant": {"metadata: {namespace: shop}\nspec: {egress: [{toRequires: [{}]}]}", "1.18", "", []string{"warning spec.egress[0].toRequires"}, "the policy is ignored"},
		"empty lists have no effect":      {"metadata: {namespace: acme}\nspec: {egress: [{toRequires: []}], ingress: [{fromRequires: null}]}", "1.18", "", nil, ""},
		"a field of the other direction":  {"metadata: {namespace: acme}\nspec: {ingress: [{toRequires: [{}]}]}", "1.18", "", nil, ""},
		"a local-config policy":           {"metadata: {namespace: acme, annotations: {config.kubernetes.io/local-config: \"true\"}}\nspec: {egress: [{toRequires: [{}]}]}", "1.18", "", nil, ""},
		"with another CNI than Cilium":    {"metadata: {namespace: acme}\nspec: {egress: [{toRequires: [{}]}]}", "", v1alpha1.CNIKubernetes, nil, ""},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			fence := (&policy.Fence{Cluster: v1alpha1.Cluster{CNI: c.cni, CiliumVersion: c.version}}).WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"acme"}})
			n := yaml.MustParse("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n" + c.policy)
			var got []string
			for _, f := range lint.Requirements(fence, []*yaml.RNode{n}) {
				got = append(got, string(f.Severity)+" "+f.Field)
				if !strings.Contains(f.Message, c.message) {
					t.Errorf("the message does not contain %q: %s", c.message, f.Message)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
