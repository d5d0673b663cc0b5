package lint

import (
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
)

func TestStartingPods(t *testing.T) {
	t.Parallel()
	const cluster, own = "kind: CiliumClusterwideNetworkPolicy, metadata: {name: start}", "kind: CiliumNetworkPolicy, metadata: {name: start, namespace: acme}"
	const allow = "ingress: [{fromEntities: [all]}]"
	for desc, c := range map[string]struct {
		in, spec string
		warned   bool
	}{
		"a selector by label":                          {cluster, `endpointSelector: {matchLabels: {"reserved:init": ""}}, ` + allow, true},
		"a selector by label in a namespaced policy":   {own, `endpointSelector: {matchLabels: {"reserved:init": ""}}, egress: [{toEntities: [all]}]`, true},
		"a label of any source":                        {cluster, `endpointSelector: {matchLabels: {init: ""}}, ` + allow, true},
		"a label of any source in a namespaced policy": {own, `endpointSelector: {matchLabels: {init: ""}}, ` + allow, false},
		"a label of Kubernetes":                        {cluster, `endpointSelector: {matchLabels: {"k8s:init": ""}}, ` + allow, false},
		"a selector by expression":                     {cluster, `endpointSelector: {matchExpressions: [{key: "reserved:init", operator: Exists}]}, ` + allow, true},
		"a selector by a missing label":                {cluster, `endpointSelector: {matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: DoesNotExist}]}, ` + allow, true},
		"a selector with another label":                {cluster, `endpointSelector: {matchLabels: {"reserved:init": "", app: web}}, ` + allow, false},
		"a selector that excludes starting pods":       {cluster, `endpointSelector: {matchExpressions: [{key: "reserved:init", operator: DoesNotExist}]}, ` + allow, false},
		"a selector of every pod":                      {cluster, `endpointSelector: {}, ` + allow, false},
		"a policy without allow rules":                 {cluster, `endpointSelector: {matchLabels: {"reserved:init": ""}}, ingress: [{}], egressDeny: [{toEntities: [all]}]`, false},
		"a host policy":                                {cluster, `nodeSelector: {matchLabels: {"reserved:init": ""}}, ` + allow, false},
		"one of several specs":                         {cluster, `}, specs: [{endpointSelector: {matchLabels: {"reserved:init": ""}}, ` + allow + `}], status: {`, true},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			n := yaml.MustParse(`{apiVersion: cilium.io/v2, ` + c.in + `, spec: {` + c.spec + `}}`)
			got := StartingPods(&policy.Fence{}, []*yaml.RNode{n}, func(*yaml.RNode) bool { return false })
			if len(got) > 0 != c.warned || len(got) > 1 {
				t.Errorf("got %v", got)
			}
			if own := StartingPods(&policy.Fence{}, []*yaml.RNode{n}, func(*yaml.RNode) bool { return true }); len(own) > 0 {
				t.Errorf("a generated policy: %v", own)
			}
		})
	}
}
