// Package endpoints has the endpoints of flows, the selectors of pods and nodes, and representatives of
// what selectors distinguish.
package endpoints

import (
	"net/netip"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// EndpointKind is the kind of an Endpoint.
type EndpointKind string

// The kinds of endpoint.
const (
	// PodEndpoint is a pod, identified by its namespace and labels.
	PodEndpoint EndpointKind = "Pod"
	// NodeEndpoint is a node, identified by its labels, which host policies select. Policies on the
	// other side see it as host (the node of the pod) or as remote-node.
	NodeEndpoint EndpointKind = "Node"
	// EntityEndpoint is an entity of the enforcer: host, world, kube-apiserver, …
	EntityEndpoint EndpointKind = "Entity"
	// AddressEndpoint is an IP address outside the cluster.
	AddressEndpoint EndpointKind = "Address"
	// NameEndpoint is a DNS name outside the cluster. It can only be a destination.
	NameEndpoint EndpointKind = "Name"
)

// Endpoint is the source or the destination of a Flow.
type Endpoint struct {
	// ID is the position in the Set that has the endpoint. 0: no set has it.
	ID   ID
	Kind EndpointKind
	// Name is what reports print: "tenant-acme/Deployment/adapter", "world", "192.0.2.1",
	// "api.openai.com". For every kind but pods and nodes, it also identifies the endpoint.
	Name string

	// Entities are all entities that the endpoint belongs to, where an engine distinguishes them:
	// an apiserver on a node is kube-apiserver and remote-node.
	Entities []v1alpha1.Entity

	// Network is the network that an address represents, without the smaller networks that other
	// addresses represent. Not valid: the address represents itself.
	Network netip.Prefix

	// Representative reports that the pod or node represents others that may be created later.
	Representative bool
	// Cluster is the other cluster of the mesh that runs the pod. Omitted: it is this cluster.
	Cluster string

	// Namespace, NamespaceLabels, Labels, ServiceAccount and Ports describe a pod. Labels also
	// describe a node.
	Namespace       string
	NamespaceLabels map[string]string
	Labels          map[string]string
	// AllLabels are Labels and the labels that Cilium omits from a pod's identity, which other
	// enforcers select by. Nil: the pod has no such labels.
	AllLabels      map[string]string
	ServiceAccount string
	Ports          []NamedPort
	// SameIdentityPorts are the ports of other pods with the same identity, where an engine set
	// them. Access by a port's name at this pod is access to all of them.
	SameIdentityPorts []NamedPort
}

// IsSelected reports whether policies can select the endpoint, and so decide on its side: a pod or
// a node of this cluster.
func (e Endpoint) IsSelected() bool {
	return e.Kind == NodeEndpoint || e.Kind == PodEndpoint && e.Cluster == ""
}

// NamedPort is a container port with a name.
type NamedPort struct {
	Name     string
	Port     uint16
	Protocol v1alpha1.Protocol
}
