package plan

import "github.com/tenantfence/tenantfence/internal/policy"

// agentIngress writes the way in for agents outside the cluster: from their
// networks, or from the edge proxy. The proxy's own way in is a grant of its own.
func agentIngress(f *policy.Fence, g policy.Grant) []sideRule { return sides(f, g) }
