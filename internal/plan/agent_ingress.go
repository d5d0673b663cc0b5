package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// agentIngress plans ingress for agents outside the cluster: from their networks, or from the edge
// proxy. Traffic to the proxy itself is a separate grant.
func agentIngress(f *policy.Fence, g policy.Grant) []sideRule { return sides(f, g) }
