package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// monitoring admits the profile's monitoring system to every pod.
func monitoring(f *policy.Fence, t *policy.Tenant) []half {
	m := f.Baseline.Monitoring
	if m == nil {
		return nil
	}
	rule := policy.Rule{
		Direction: policy.Ingress,
		Peers:     []policy.Peer{{Kind: policy.Pods, Namespace: m.Namespace, Pods: policy.PodsOf(m.Pods)}},
		Ports:     policy.PortsOf(m.Ports),
	}
	return baselineSides(f, t, policy.Monitoring, rule, "baseline.monitoring")
}
