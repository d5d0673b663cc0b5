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
	// DefaultDeny has the directions that Enforce denies by default: those with flows.
	DefaultDeny []Direction
	// Reason is the entry. EnforcementReason is the field that sets its enforcement.
	Reason, EnforcementReason Reason
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

// RepresentativeNode returns a representative node with some labels.
func RepresentativeNode(labels map[string]string) Endpoint {
	name := "a node without labels"
	if len(labels) > 0 {
		name = "node/" + FormatLabels(labels)
	}
	return Endpoint{Kind: NodeEndpoint, Name: name, Labels: labels, Representative: true}
}
