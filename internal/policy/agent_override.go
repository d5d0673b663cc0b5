package policy

import (
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/report"
)

// AgentOverride is the agent of some nodes, which a resource configures differently.
type AgentOverride struct {
	Ref   report.Ref
	Agent cilium.Agent
}
