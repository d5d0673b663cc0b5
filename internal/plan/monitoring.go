package plan

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// monitoring admits the profile's monitoring system to every pod. Its own namespace needs
// no policy for that, where everything among its pods is allowed.
func monitoring(f *policy.Fence, t *policy.Tenant) []half {
	if f.Baseline.Monitoring == nil {
		return nil
	}
	halves := baselineSides(f, t, policy.Monitoring, monitoringRule(f), "baseline.monitoring")
	return slices.DeleteFunc(halves, func(h half) bool {
		return t.IntraNamespace && !t.Shares() && h.namespace == h.rule.Peers[0].Namespace
	})
}

func monitoringRule(f *policy.Fence) policy.Rule {
	m := f.Baseline.Monitoring
	return policy.Rule{
		Direction: policy.Ingress,
		Peers:     []policy.Peer{{Kind: policy.Pods, Namespace: m.Namespace, Pods: policy.PodsOf(m.Pods)}},
		Ports:     policy.PortsOf(m.Ports),
	}
}
