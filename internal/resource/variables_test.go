package resource_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestSubstitute(t *testing.T) {
	t.Parallel()
	variables := map[string]string{"CIDR": "192.0.2.0/24", "PORT": "443", "NS": "shop", "KEY": "app"}
	for name, c := range map[string]struct {
		spec    string
		want    any
		unknown []resource.Unsubstituted
	}{
		"text":               {`{cidr: "${CIDR}"}`, map[string]any{"cidr": "192.0.2.0/24"}, nil},
		"within text":        {`{name: "a-${NS}.${PORT}"}`, map[string]any{"name": "a-shop.443"}, nil},
		"a number":           {"port: ${PORT}", map[string]any{"port": 443}, nil},
		"a number in quotes": {`{port: "${PORT}"}`, map[string]any{"port": "443"}, nil},
		"a key":              {`{"${KEY}": "${NS}"}`, map[string]any{"app": "shop"}, nil},
		"a value wins over its default": {
			`{cidr: "${CIDR:=10.0.0.0/8}", ports: ["${PORT:-80}"]}`, map[string]any{"cidr": "192.0.2.0/24", "ports": []any{"443"}}, nil,
		},
		"an escape": {`{path: "/$${PORT}"}`, map[string]any{"path": "/${PORT}"}, nil},
		"no value": {
			`{ingress: [{fromCIDR: ["${LAN}", "${CIDR}"]}]}`, map[string]any{"ingress": []any{map[string]any{"fromCIDR": []any{"${LAN}", "192.0.2.0/24"}}}},
			[]resource.Unsubstituted{{Reference: "${LAN}", Name: "LAN", Field: "spec.ingress[0].fromCIDR[0]"}},
		},
		"a default is no value: Flux may have another": {`{cidr: "${LAN:=10.0.0.0/8}"}`, map[string]any{"cidr": "${LAN:=10.0.0.0/8}"}, []resource.Unsubstituted{{Reference: "${LAN:=10.0.0.0/8}", Name: "LAN", Field: "spec.cidr"}}},
		"no variable":  {`{cidr: "${LAN,,}"}`, map[string]any{"cidr": "${LAN,,}"}, []resource.Unsubstituted{{Reference: "${LAN,,}", Field: "spec.cidr"}}},
		"no reference": {`{cidr: 10.0.0.0/8}`, map[string]any{"cidr": "10.0.0.0/8"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := yaml.MustParse("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: lan, namespace: \"${NS}\"}\nspec:\n  " + c.spec)
			before := n.MustString()
			out, unknown, err := resource.Substitute(n, variables)
			if err != nil {
				t.Fatal(err)
			}
			content, err := out.Map()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, content["spec"]); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.unknown, unknown); diff != "" {
				t.Error(diff)
			}
			if out.GetNamespace() != "shop" || n.MustString() != before {
				t.Errorf("the namespace is %q, and the resource is changed to\n%s", out.GetNamespace(), n.MustString())
			}
		})
	}
}
