package resource_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestDeduplicate(t *testing.T) {
	t.Parallel()
	const policy = "{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: dns, labels: {a: b}}, spec: {endpointSelector: {}}}"
	const pod = `{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: app, annotations: {why: x}}, spec: {hostNetwork: true}}`
	replaced := func(in string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(in) }
	for name, c := range map[string]struct {
		one, other string
		equal      bool
	}{
		"the same":                               {policy, policy, true},
		"fields in another order":                {policy, "{spec: {endpointSelector: {}}, kind: CiliumClusterwideNetworkPolicy, metadata: {labels: {a: b}, name: dns}, apiVersion: cilium.io/v2}", true},
		"a namespace on a cluster-scoped policy": {policy, replaced(policy, "name: dns", "name: dns, namespace: a"), true},
		"a namespace on a CiliumCIDRGroup":       {replaced(policy, "ClusterwideNetworkPolicy", "CIDRGroup"), replaced(policy, "ClusterwideNetworkPolicy", "CIDRGroup", "name: dns", "name: dns, namespace: a"), true},
		"a namespace on a Namespace":             {"{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "{apiVersion: v1, kind: Namespace, metadata: {name: a, namespace: b}}", true},
		"a namespace on a Tenant":                {"{apiVersion: tenantfence.dev/v1alpha1, kind: Tenant, metadata: {name: a}}", "{apiVersion: tenantfence.dev/v1alpha1, kind: Tenant, metadata: {name: a, namespace: b}}", true},
		"annotations of hosts":                   {pod, replaced(pod, "why: x", `why: x, config.kubernetes.io/origin: "path: a.yaml", internal.config.kubernetes.io/path: a.yaml, kustomize.config.k8s.io/id: x, alpha.config.kubernetes.io/transformations: x, config.kubernetes.io/index: "1"`), true},
		"only annotations of hosts":              {replaced(pod, ", annotations: {why: x}", ""), replaced(pod, "why: x", "config.kubernetes.io/path: a.yaml"), true},
		"another namespace":                      {pod, replaced(pod, "namespace: app", "namespace: b"), false},
		"another spec":                           {pod, replaced(pod, "true", "false"), false},
		"another label":                          {policy, replaced(policy, "a: b", "a: c"), false},
		"another annotation":                     {pod, replaced(pod, "why: x", "why: y"), false},
		"one that never reaches the cluster":     {pod, replaced(pod, "why: x", `why: x, config.kubernetes.io/local-config: "true"`), false},
		"another version":                        {policy, replaced(policy, "io/v2", "io/v2alpha1"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items := []*yaml.RNode{yaml.MustParse(c.one), yaml.MustParse(c.other)}
			distinct, findings := resource.Deduplicate(items)
			want := 2
			if c.equal {
				want = 1
			}
			if len(distinct) != want || len(findings) != 2-want {
				t.Errorf("got %d, want %d: %v", len(distinct), want, findings)
			}
		})
	}
}
