package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// monitoring admits the profile's monitoring system to every pod.
func monitoring(f *policy.Fence, t *policy.Tenant) []half {
	if f.Baseline.Monitoring == nil {
		return nil
	}
	return baselineSides(f, t, policy.Monitoring, monitoringRule(f), "baseline.monitoring")
}

func monitoringRule(f *policy.Fence) policy.Rule {
	m := f.Baseline.Monitoring
	return policy.Rule{
		Direction: policy.Ingress,
		Peers:     []policy.Peer{{Kind: policy.Pods, Namespace: m.Namespace, Pods: policy.PodsOf(m.Pods)}},
		Ports:     policy.PortsOf(m.Ports),
	}
}
