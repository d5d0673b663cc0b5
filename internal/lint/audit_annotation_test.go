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
		"a policy with the annotation is reported": {"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: deny, namespace: acme, annotations: {policy.cilium.io/audit-mode: enabled}}}", 1},
		"a pod with the annotation is reported":    {"{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: acme, annotations: {policy.cilium.io/audit-mode: enabled}}}", 1},
		"a local-config resource is not reported":  {`{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: acme, annotations: {policy.cilium.io/audit-mode: enabled, config.kubernetes.io/local-config: "true"}}}`, 0},
		"another annotation is not reported":       {"{apiVersion: v1, kind: Pod, metadata: {name: canary, namespace: acme, annotations: {audit-mode: enabled}}}", 0},
	} {
		if got := AuditAnnotation([]*yaml.RNode{yaml.MustParse(c.item)}); len(got) != c.want {
			t.Errorf("%s: %v", desc, got)
		}
	}
}
