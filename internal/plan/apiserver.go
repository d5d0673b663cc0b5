package plan

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// apiServer allows every pod to connect to the apiserver, if the profile sets it.
func apiServer(f *policy.Fence, t *policy.Owner) []sideRule {
	if f.Baseline.APIServer == nil {
		return nil
	}
	return baselineSides(f, t, policy.APIServer, apiServerRule(f), "baseline.apiServer")
}

func apiServerRule(f *policy.Fence) policy.Rule {
	rule := policy.Rule{Direction: flow.Egress, Peers: f.EntityPeers(v1alpha1.EntityKubeAPIServer)}
	for _, port := range f.Baseline.APIServer.Ports {
		rule.Ports = append(rule.Ports, flow.Port{Port: port, Protocol: v1alpha1.TCP})
	}
	return rule
}
