package resolve

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/cilium"
)

// configureAgents finds out how Cilium's agents are configured.
func (r *resolver) configureAgents() {
	at := r.profile.Path.Child("cluster", "ciliumConfig")
	agent, overrides, findings := r.index.AgentOf(r.profile.Spec.Cluster, r.profile.Ref, at)
	r.fence.Agent, r.fence.Overrides = agent, overrides
	r.fence.AllowsIsolate = !agent.Enabled(cilium.EnableNonDefaultDeny)
	r.findings = slices.Concat(r.findings, findings)
}
