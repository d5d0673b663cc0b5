package lint

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func TestAuditAnnotation(t *testing.T) {
	t.Parallel()
	for desc, c := range map[string]struct {
		item string
		want int
	}{
		"a policy that bears it is enforced":        {"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: deny, namespace: acme, annotations: {policy.cilium.io/audit-mode: enabled}}}", 1},
		"so are policies about a pod that bears it": {"{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: acme, annotations: {policy.cilium.io/audit-mode: enabled}}}", 1},
		"inventory is not applied":                  {`{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: acme, annotations: {policy.cilium.io/audit-mode: enabled, config.kubernetes.io/local-config: "true"}}}`, 0},
		"another annotation is another's":           {"{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: acme, annotations: {audit-mode: enabled}}}", 0},
	} {
		if got := AuditAnnotation([]*yaml.RNode{yaml.MustParse(c.item)}); len(got) != c.want {
			t.Errorf("%s: %v", desc, got)
		}
	}
}
