package flow

import "github.com/tenantfence/tenantfence/internal/endpoints"

// Engine decides flows under a set of policies, as the enforcer would.
type Engine interface {
	// Decide evaluates one flow. It returns an error if it cannot decide the flow; it never
	// guesses.
	Decide(Flow) (Verdict, error)
	// Representatives adds the endpoints that the policies distinguish in this environment to the
	// known ones, and returns all of them. It adds a pod for each selector and namespace, and a pod
	// without labels for each namespace. It adds the same for a namespace that does not exist yet.
	// Each pod has every port that policies name. It also adds an address inside and outside each
	// network, a DNS name, every entity, and a node for each node selector.
	Representatives(endpoints.Environment) ([]endpoints.Endpoint, error)
	// Openings lists what the policies at a pod or node allow in one direction, to every known
	// endpoint, in a stable order. If nothing isolates the pod, the result is one opening without
	// policies. That opening has no peers or, if a rule denies some of them, the other peers.
	Openings(pod endpoints.Endpoint, d Direction) ([]Opening, error)
}
