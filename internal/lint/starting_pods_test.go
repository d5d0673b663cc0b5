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
		"by label":                        {cluster, `endpointSelector: {matchLabels: {"reserved:init": ""}}, ` + allow, true},
		"by label in a namespace":         {own, `endpointSelector: {matchLabels: {"reserved:init": ""}}, egress: [{toEntities: [all]}]`, true},
		"of any source":                   {cluster, `endpointSelector: {matchLabels: {init: ""}}, ` + allow, true},
		"of any source in a namespace":    {own, `endpointSelector: {matchLabels: {init: ""}}, ` + allow, false},
		"of Kubernetes":                   {cluster, `endpointSelector: {matchLabels: {"k8s:init": ""}}, ` + allow, false},
		"by expression":                   {cluster, `endpointSelector: {matchExpressions: [{key: "reserved:init", operator: Exists}]}, ` + allow, true},
		"by what they lack":               {cluster, `endpointSelector: {matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: DoesNotExist}]}, ` + allow, true},
		"with what they lack":             {cluster, `endpointSelector: {matchLabels: {"reserved:init": "", app: web}}, ` + allow, false},
		"all but these":                   {cluster, `endpointSelector: {matchExpressions: [{key: "reserved:init", operator: DoesNotExist}]}, ` + allow, false},
		"every pod, and these among them": {cluster, `endpointSelector: {}, ` + allow, false},
		"it allows nothing":               {cluster, `endpointSelector: {matchLabels: {"reserved:init": ""}}, ingress: [{}], egressDeny: [{toEntities: [all]}]`, false},
		"nodes":                           {cluster, `nodeSelector: {matchLabels: {"reserved:init": ""}}, ` + allow, false},
		"one of several specs":            {cluster, `}, specs: [{endpointSelector: {matchLabels: {"reserved:init": ""}}, ` + allow + `}], status: {`, true},
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
