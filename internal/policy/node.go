package policy

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Node is an entry of the profile's nodes: a kind of node, with every default applied.
type Node struct {
	Name        string
	Selector    endpoints.Selector
	Enforcement v1alpha1.Enforcement
	// DefaultDeny has the directions that Enforce denies by default: those with flows.
	DefaultDeny []flow.Direction
	// Reason is the entry. EnforcementReason is the field that sets its enforcement.
	Reason, EnforcementReason report.Reason
}

// NodeOf returns the node entry of a peer, or nil.
func (f *Fence) NodeOf(p Peer) *Node {
	if i := slices.IndexFunc(f.Nodes, func(n Node) bool { return p.Kind == Nodes && n.Name == p.Node }); i >= 0 {
		return &f.Nodes[i]
	}
	return nil
}

// AsPeer returns the nodes as a peer of flows.
func (n *Node) AsPeer() Peer { return Peer{Kind: Nodes, Node: n.Name} }

// AnyNode is a node in policies about pods. These policies distinguish a pod's own node from all
// others, but no two others.
func AnyNode() Peer {
	return Peer{Kind: Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode}}
}
