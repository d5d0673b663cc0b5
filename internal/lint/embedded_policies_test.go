package lint

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

func TestEmbeddedPolicies(t *testing.T) {
	t.Parallel()
	const object = `apiVersion: kubernetes.crossplane.io/v1alpha2, kind: Object, metadata: {name: o}, spec: {forProvider: {manifest: `
	for desc, c := range map[string]struct {
		item, field string
		accept      bool
		want        report.Severity
	}{
		"a policy of a tenant's namespace": {`{` + object + `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: acme}}}}}`, "spec.forProvider.manifest", false, report.Error},
		"a cluster-wide policy":            {`{` + object + `{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: p}}}}}`, "spec.forProvider.manifest", false, report.Error},
		"a kind that is not decided":       {`{` + object + `{apiVersion: cilium.io/v2, kind: CiliumEnvoyConfig, metadata: {name: p, namespace: acme}}}}}`, "spec.forProvider.manifest", false, report.Error},
		"a policy in a list":               {`{apiVersion: example.com/v1, kind: Bundle, metadata: {name: b}, spec: {resources: [{base: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {}}}]}}`, "spec.resources[0].base", false, report.Error},
		"a policy of another namespace":    {`{` + object + `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: other}}}}}`, "spec.forProvider.manifest", false, report.Warning},
		"a kind that is accepted":          {`{` + object + `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: acme}}}}}`, "spec.forProvider.manifest", true, report.Info},
		"another kind":                     {`{` + object + `{apiVersion: v1, kind: ConfigMap, metadata: {name: p, namespace: acme}}}}}`, "", false, ""},
		"a reference":                      {`{apiVersion: example.com/v1, kind: Check, metadata: {name: c}, spec: {target: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, name: p}}}`, "", false, ""},
		"a policy itself":                  {`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: acme}, spec: {podSelector: {}}}`, "", false, ""},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			f := (&policy.Fence{}).WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"acme"}})
			if c.accept {
				f.UndecidedKinds = []v1alpha1.UndecidedKind{{Group: "kubernetes.crossplane.io", Kind: "Object", Reason: "read by hand"}}
			}
			got, undecided := EmbeddedPolicies(f, []*yaml.RNode{yaml.MustParse(c.item)})
			if c.want == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || got[0].Severity != c.want || got[0].Field != c.field {
				t.Errorf("got %v, want %s at %q", got, c.want, c.field)
			}
			if want := c.want == report.Warning; len(undecided) == 1 != want || want && undecided[0].Namespace != "other" {
				t.Errorf("undecided at %v", undecided)
			}
		})
	}
}
