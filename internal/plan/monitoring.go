package plan

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// monitoring allows the profile's monitoring system to connect to every pod. Its own namespace
// needs no such policy if all traffic between its pods is allowed.
func monitoring(f *policy.Fence, t *policy.Owner) []sideRule {
	if f.Baseline.Monitoring == nil {
		return nil
	}
	sideRules := baselineSides(f, t, policy.Monitoring, monitoringRule(f), "baseline.monitoring")
	return slices.DeleteFunc(sideRules, func(h sideRule) bool {
		return t.IntraNamespace && !t.SharesNamespaces() && h.namespace == h.rule.Peers[0].Namespace
	})
}

func monitoringRule(f *policy.Fence) policy.Rule {
	m := f.Baseline.Monitoring
	return policy.Rule{
		Direction: flow.Ingress,
		Peers:     []policy.Peer{{Kind: policy.Pods, Namespace: m.Namespace, Pods: endpoints.SelectorOf(m.Pods)}},
		Ports:     flow.PortsOf(m.Ports),
	}
}
