package resource_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestReasons(t *testing.T) {
	t.Parallel()
	got := resource.Reasons([]*yaml.RNode{
		yaml.MustParse(`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: llm, namespace: a, annotations: {tenantfence.dev/for: "Tenant/b spec.egress[x]\nTenant/a spec.egress[llm]"}}}`),
		yaml.MustParse(`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: llm, namespace: a, annotations: {tenantfence.dev/for: "Tenant/a spec.egress[llm]"}}}`),
		yaml.MustParse(`{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: nodes, annotations: {tenantfence.dev/for: "FenceProfile/p spec.nodes[all]"}}}`),
		yaml.MustParse(`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: by-hand, namespace: a}}`),
		yaml.MustParse(`{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: a, annotations: {tenantfence.dev/for: x}}}`),
	})
	want := map[flow.PolicyID][]string{
		{Kind: "CiliumNetworkPolicy", Namespace: "a", Name: "llm"}: {"Tenant/b spec.egress[x]", "Tenant/a spec.egress[llm]"},
		{Kind: "NetworkPolicy", Namespace: "a", Name: "llm"}:       {"Tenant/a spec.egress[llm]"},
		{Kind: "CiliumClusterwideNetworkPolicy", Name: "nodes"}:    {"FenceProfile/p spec.nodes[all]"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got)\n", diff)
	}
}
