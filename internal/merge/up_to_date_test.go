package merge_test

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func TestIsUpToDate(t *testing.T) {
	t.Parallel()
	want := `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, labels: {tenantfence.dev/fence: f}}, spec: {endpointSelector: {matchLabels: {app: web, tier: "1"}}, egress: [{toEntities: [host]}, {toEntities: [world]}]}}`
	for name, c := range map[string]struct {
		have string
		want bool
	}{
		"the same":                {want, true},
		"block style":             {yaml.MustParse(want).MustString(), true},
		"another order of fields": {`{kind: CiliumNetworkPolicy, apiVersion: cilium.io/v2, metadata: {name: a, labels: {tenantfence.dev/fence: f}}, spec: {endpointSelector: {matchLabels: {tier: "1", app: web}}, egress: [{toEntities: [host]}, {toEntities: [world]}]}}`, true},
		"another label of others": {`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, labels: {tenantfence.dev/fence: f, team: a}}, spec: {endpointSelector: {matchLabels: {app: web, tier: "1"}}, egress: [{toEntities: [host]}, {toEntities: [world]}]}}`, true},
		"another value":           {`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, labels: {tenantfence.dev/fence: f}}, spec: {endpointSelector: {matchLabels: {app: db, tier: "1"}}, egress: [{toEntities: [host]}, {toEntities: [world]}]}}`, false},
		"another type":            {`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, labels: {tenantfence.dev/fence: f}}, spec: {endpointSelector: {matchLabels: {app: web, tier: 1}}, egress: [{toEntities: [host]}, {toEntities: [world]}]}}`, false},
		"a rule more":             {`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, labels: {tenantfence.dev/fence: f}}, spec: {endpointSelector: {matchLabels: {app: web, tier: "1"}}, egress: [{toEntities: [host]}, {toEntities: [world]}, {}]}}`, false},
		"another fence":           {`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a, labels: {tenantfence.dev/fence: g}}, spec: {endpointSelector: {matchLabels: {app: web, tier: "1"}}, egress: [{toEntities: [host]}, {toEntities: [world]}]}}`, false},
	} {
		if got := merge.IsUpToDate(yaml.MustParse(c.have), resource.GeneratedFrom(yaml.MustParse(want))); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}
