package report

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Graph is what the policies of a build allow: groups of endpoints, and edges between them.
type Graph struct {
	// Fence is the name of the fence. Empty: the build has no Tenants.
	Fence  string
	Groups []GraphGroup
	Nodes  []GraphNode
	Edges  []GraphEdge
	// Selected are the names to which the graph is restricted. Empty: it has all pods of the build.
	Selected []string
	// AsEnforced reports that every tenant counts as one in Enforce.
	AsEnforced bool
	// Verification is the result of verifying the same input in the same run. Nil: it was not verified.
	Verification *Report
	Findings     Findings
}

// GroupKind is what the endpoints of a group have in common.
type GroupKind string

// The kinds of group, in the order of a graph.
const (
	// TenantGroup has the pods of a Tenant, and NamespaceGroup those of a namespace that have none.
	TenantGroup    GroupKind = "Tenant"
	NamespaceGroup GroupKind = "Namespace"
	// ClusterGroup has the pods of another cluster of the mesh.
	ClusterGroup GroupKind = "Cluster"
	// EntityGroup has nodes, the apiserver and other entities of the cluster.
	EntityGroup GroupKind = "Entities"
	// OutsideGroup has the world, networks and DNS names.
	OutsideGroup GroupKind = "Outside"
)

// GroupKinds returns the kinds of group in the order of a graph.
func GroupKinds() []GroupKind {
	return []GroupKind{TenantGroup, NamespaceGroup, ClusterGroup, EntityGroup, OutsideGroup}
}

// GraphGroup is a Tenant, a namespace, or endpoints of another kind.
type GraphGroup struct {
	Kind GroupKind
	// Name is that of the Tenant, namespace or cluster. Other kinds have one group, without a name.
	Name string
	// Namespaces and Enforcement are those of a Tenant.
	Namespaces  []string
	Enforcement v1alpha1.Enforcement
}

// Title names the group.
func (g GraphGroup) Title() string {
	switch g.Kind {
	case EntityGroup:
		return "nodes and entities"
	case OutsideGroup:
		return "outside"
	}
	return g.Name
}

// GraphNode is a pod, an entity, a network or a DNS name.
type GraphNode struct {
	*endpoints.Endpoint
	// Group is the position of its group.
	Group int
	// Open has the directions in which nothing isolates the pod. No policy selects other endpoints. Such pods
	// reach every pod that is open to ingress, and what is outside, without an edge.
	Open map[flow.Direction]bool
}

// GraphEdge is traffic that the policies at both sides allow from each of some nodes to each of others. The
// nodes of a side are in one group.
type GraphEdge struct {
	// From and To are positions of nodes, in order. They have one node in common only if it reaches itself.
	From, To []int
	Traffic  []GraphTraffic
}

// GraphTraffic is one range of ports of an edge.
type GraphTraffic struct {
	Ports           flow.PortRange
	Egress, Ingress flow.Side
	// DeclaredBy are the fields behind the policies of both sides.
	DeclaredBy []string
}

// Connection returns the traffic as a connection between two nodes.
func (g *Graph) Connection(from, to int, t GraphTraffic) Connection {
	return Connection{From: g.Nodes[from].Endpoint, To: g.Nodes[to].Endpoint, Ports: t.Ports, Egress: t.Egress, Ingress: t.Ingress, DeclaredBy: t.DeclaredBy}
}

// Proves reports whether the isolation of a group's pods was proved in the same run.
func (g *Graph) Proves(group GraphGroup) bool {
	v := g.Verification
	return v != nil && !g.AsEnforced && v.Basis == TenantBasis && v.Outcome() == Verified && v.Proved() && group.Kind == TenantGroup && group.Enforcement == v1alpha1.Enforce
}
