package report

import "github.com/tenantfence/tenantfence/internal/flow"

// AgentLoad is what each agent of Cilium must hold for the policies of a build, with every tenant in Enforce. It is a lower
// bound: a DNS name counts as one address, and only pods of the build count.
type AgentLoad struct {
	// Policies counts policies, by whether they are in a namespace.
	Namespaced, Clusterwide PolicyLoad
	// Identities is the number of pod identities, and DNSNames that of the DNS names in policies.
	Identities, DNSNames int
	// Largest is the pod or node with the most entries in its policy map, and Limit the size of a map.
	Largest flow.Largest
	Limit   int
}

// PolicyLoad counts policies, and their bytes as JSON.
type PolicyLoad struct{ Objects, Bytes int }

// Percent is the part of the largest policy map that is used, rounded down.
func (l AgentLoad) Percent() int { return 100 * l.Largest.Entries / max(l.Limit, 1) }
