package report

import "github.com/tenantfence/tenantfence/internal/flow"

// Access is what the same policies allow at some pods of one owner, or at some nodes, in one direction.
type Access struct {
	// Owner has the subjects: "Tenant/acme", "nodes workers" or "unclaimed".
	Owner string
	// Namespace is the namespace of the pods. Nodes have none.
	Namespace string
	Direction flow.Direction
	// Subjects are the pods or nodes: those of the build or, without one, representative ones.
	Subjects []string
	// Peers are the endpoints on the other side. The other side may deny the traffic.
	Peers []string
	// Ports are the destination ports.
	Ports []flow.PortRange
	// L7 is the allowed part of the traffic.
	L7 flow.L7
	// Policies allow the traffic. Empty: no policy isolates the subjects.
	Policies []string
	// DeclaredBy lists the fields that declare the policies.
	DeclaredBy []string
}
