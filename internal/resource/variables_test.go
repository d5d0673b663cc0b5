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
		"a default is no value, because Flux may have one": {`{cidr: "${LAN:=10.0.0.0/8}"}`, map[string]any{"cidr": "${LAN:=10.0.0.0/8}"}, []resource.Unsubstituted{{Reference: "${LAN:=10.0.0.0/8}", Name: "LAN", Field: "spec.cidr"}}},
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

// TestSubstituteScope substitutes in fields that the function reads, and not in data for other
// programs.
func TestSubstituteScope(t *testing.T) {
	t.Parallel()
	for item, want := range map[string]string{
		`{apiVersion: v1, kind: Namespace, metadata: {name: "${A}", labels: {"${A}": "${A}"}}}`:                           `{apiVersion: v1, kind: Namespace, metadata: {name: "x", labels: {"x": "x"}}}`,
		`{apiVersion: v1, kind: PodTemplate, metadata: {name: a, annotations: {a: "${A}"}}, template: {a: "${A}"}}`:       `{apiVersion: v1, kind: PodTemplate, metadata: {name: a, annotations: {a: "x"}}, template: {a: "x"}}`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: cilium-config}, data: {labels: "${A}"}}`:                      `{apiVersion: v1, kind: ConfigMap, metadata: {name: cilium-config}, data: {labels: "x"}}`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: script}, data: {run: "${A}"}}`:                                `{apiVersion: v1, kind: ConfigMap, metadata: {name: script}, data: {run: "${A}"}}`,
		`{apiVersion: v1, kind: Secret, metadata: {name: script}, stringData: {run: "${A}"}}`:                             `{apiVersion: v1, kind: Secret, metadata: {name: script}, stringData: {run: "${A}"}}`,
		`{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a}, endpoints: [{addresses: ["${A}"]}]}`: `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a}, endpoints: [{addresses: ["x"]}]}`,
	} {
		out, _, err := resource.Substitute(yaml.MustParse(item), map[string]string{"A": "x"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(yaml.MustParse(want).MustString(), out.MustString()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAffectsTraffic(t *testing.T) {
	t.Parallel()
	kind := func(apiVersion, kind string) *yaml.RNode {
		return yaml.MustParse("{apiVersion: " + apiVersion + ", kind: " + kind + ", metadata: {name: a}}")
	}
	deployment, pod, redis := kind("apps/v1", "Deployment"), kind("v1", "Pod"), kind("redis.redis.opstreelabs.in/v1beta2", "Redis")
	for _, c := range []struct {
		item  *yaml.RNode
		field string
		want  bool
	}{
		{deployment, "metadata.namespace", true},
		{deployment, "metadata.labels.app", false},
		{pod, "metadata.labels.app", true},
		{redis, "metadata.labels.app", true},
		{redis, "spec.storage.volumeClaimTemplate.metadata.labels.app", false},
		{deployment, "spec.template.metadata.labels.app", true},
		{deployment, "spec.selector.matchLabels.app", false},
		{deployment, "spec.template.metadata.annotations.checksum", false},
		{deployment, "spec.template.metadata.annotations.${KEY}", true},
		{deployment, "spec.template.spec.hostNetwork", true},
		{deployment, "spec.template.spec.containers[0].ports[0].containerPort", true},
		{deployment, "spec.template.spec.containers[0].env[0].value", false},
		{deployment, "spec.template.spec.containers[0].image", false},
		{kind("v1", "Namespace"), "metadata.labels.team", true},
		{kind("v1", "Namespace"), "metadata.annotations.team", false},
		{kind("v1", "Service"), "spec.ports[0].port", true},
		{kind("v1", "Service"), "spec.loadBalancerIP", false},
		{kind("cilium.io/v2", "CiliumNodeConfig"), "spec.defaults.enable-policy", true},
		{kind("cilium.io/v2", "CiliumNodeConfig"), "spec.defaults.debug", false},
	} {
		if got := (resource.Unsubstituted{Field: c.field}).AffectsTraffic(c.item, false, c.item.GetKind() != "Namespace"); got != c.want {
			t.Errorf("%s %s: %t", c.item.GetKind(), c.field, got)
		}
	}
	if u := (resource.Unsubstituted{Field: "spec.rules"}); u.AffectsTraffic(kind("example.com/v1", "Widget"), false, false) || !u.AffectsTraffic(kind("cilium.io/v2", "CiliumNetworkPolicy"), true, false) {
		t.Error("the spec of a policy affects traffic, and that of a kind without pods does not")
	}
}
