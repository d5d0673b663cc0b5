package policy

import (
	"net/netip"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// EndpointKind says what an Endpoint is.
type EndpointKind string

// The kinds of endpoint.
const (
	// PodEndpoint is a pod, known by its namespace and labels.
	PodEndpoint EndpointKind = "Pod"
	// NodeEndpoint is a node, known by its labels, which host policies select. Policies at
	// the other end see it as host, the node that the pod is on, or as remote-node.
	NodeEndpoint EndpointKind = "Node"
	// EntityEndpoint is one of the enforcer's own: host, world, kube-apiserver, …
	EntityEndpoint EndpointKind = "Entity"
	// AddressEndpoint is an IP address outside the cluster.
	AddressEndpoint EndpointKind = "Address"
	// NameEndpoint is a DNS name outside the cluster. Only To can be one.
	NameEndpoint EndpointKind = "Name"
)

// Endpoint is one end of a Flow.
type Endpoint struct {
	Kind EndpointKind
	// Name is what people call it: "tenant-acme/Deployment/adapter", "world",
	// "192.0.2.1", "api.openai.com". For every kind but pods and nodes it is also what
	// the endpoint is.
	Name string

	// Entities are all those of the enforcer's that the endpoint belongs to, where an
	// engine told it apart itself: an apiserver on a node is kube-apiserver and
	// remote-node.
	Entities []v1alpha1.Entity

	// Network is the one that an address represents, without the smaller networks that other
	// addresses represent. Not valid: the address represents itself.
	Network netip.Prefix

	// Representative says that nobody has deployed the pod, or made the node, yet.
	Representative bool
	// Cluster is another cluster of the mesh that the pod is of. Omitted: it is of this
	// one.
	Cluster string

	// Namespace, NamespaceLabels, Labels, ServiceAccount and Ports describe a pod, and
	// Labels a node.
	Namespace       string
	NamespaceLabels map[string]string
	Labels          map[string]string
	// AllLabels are Labels and those that Cilium keeps out of a pod's identity, which
	// other enforcers select by. Nil: there are no others.
	AllLabels      map[string]string
	ServiceAccount string
	Ports          []NamedPort
	// SameIdentityPorts are those of other pods that the enforcer cannot tell from this one, where
	// an engine told it apart itself: who may reach the one by a port's name may reach them
	// all there.
	SameIdentityPorts []NamedPort
}

// IsSelected says whether policies select the endpoint, and so decide at this end: a pod
// or a node of this cluster.
func (e Endpoint) IsSelected() bool {
	return e.Kind == NodeEndpoint || e.Kind == PodEndpoint && e.Cluster == ""
}

// NamedPort is a port that a container gives a name.
type NamedPort struct {
	Name     string
	Port     uint16
	Protocol v1alpha1.Protocol
}
