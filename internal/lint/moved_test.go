package lint_test

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/lint"
)

func TestMoved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		metadata string
		want     int
	}{
		"a policy in its namespace":                 {`namespace: acme, labels: {tenantfence.dev/fence: mine}, annotations: {tenantfence.dev/namespace: acme}`, 0},
		"a policy that a later layer moved":         {`namespace: other, labels: {tenantfence.dev/fence: mine}, annotations: {tenantfence.dev/namespace: acme}`, 1},
		"a hand-written policy with the annotation": {`namespace: other, annotations: {tenantfence.dev/namespace: acme}`, 0},
		"a policy without the annotation":           {`labels: {tenantfence.dev/fence: mine}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := yaml.MustParse("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: allow-dns, " + c.metadata + "}")
			if got := lint.Moved([]*yaml.RNode{n}); len(got) != c.want {
				t.Errorf("%d findings, want %d: %v", len(got), c.want, got)
			}
		})
	}
}
