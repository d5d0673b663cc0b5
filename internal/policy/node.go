package policy

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Node is an entry of the profile's nodes: a kind of node, with every default applied.
type Node struct {
	Name        string
	Selector    Selector
	Enforcement v1alpha1.Enforcement
	// DefaultDeny are the directions that are closed in Enforce: those that have flows.
	DefaultDeny []Direction
	// Reason is the entry, EnforcementReason what closes it.
	Reason, EnforcementReason Reason
}

// NodeOf is a peer's entry of nodes, nil where it is none.
func (f *Fence) NodeOf(p Peer) *Node {
	if i := slices.IndexFunc(f.Nodes, func(n Node) bool { return p.Kind == Nodes && n.Name == p.Node }); i >= 0 {
		return &f.Nodes[i]
	}
	return nil
}

// AsPeer are the nodes, as an end of flows.
func (n *Node) AsPeer() Peer { return Peer{Kind: Nodes, Node: n.Name} }

// AnyNode is what the nodes are in policies about pods, which tell a pod's own node from
// all others, and no two others apart.
func AnyNode() Peer {
	return Peer{Kind: Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode}}
}

// RepresentativeNode is a node with some labels that nobody has made yet.
func RepresentativeNode(labels map[string]string) Endpoint {
	name := "a node without labels"
	if len(labels) > 0 {
		name = "node/" + FormatLabels(labels)
	}
	return Endpoint{Kind: NodeEndpoint, Name: name, Labels: labels, Representative: true}
}
