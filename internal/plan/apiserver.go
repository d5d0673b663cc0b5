package plan

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// apiServer lets every pod reach the apiserver, where the profile says so.
func apiServer(f *policy.Fence, t *policy.Tenant) []half {
	api := f.Baseline.APIServer
	if api == nil {
		return nil
	}
	rule := policy.Rule{Direction: policy.Egress, Peers: f.Entity(v1alpha1.EntityKubeAPIServer)}
	for _, port := range api.Ports {
		rule.Ports = append(rule.Ports, policy.Port{Port: port, Protocol: v1alpha1.TCP})
	}
	return baselineSides(f, t, policy.APIServer, rule, "baseline.apiServer")
}
