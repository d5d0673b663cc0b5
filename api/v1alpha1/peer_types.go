package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Peer is the source of an ingress flow or the destination of an egress flow. Set exactly one of
// tenant, anyTenant, children, parent, namespace, namespaceLabels, service, entities, cidrs and
// fqdns, or pods alone, which selects pods of the tenant itself. pods narrows tenant, anyTenant,
// children, parent, namespace and namespaceLabels.
type Peer struct {
	// tenant is the name of another Tenant of the build: the pods of its namespaces. That
	// tenant, or the profile, must declare the flow from its side.
	// +optional
	Tenant string `json:"tenant,omitempty"`

	// anyTenant: true means every tenant that declares the flow from its side. In the profile's
	// nodes, and in allTenants with fullMesh: true, it means every tenant. A Tenant needs the
	// profile's limits.anyTenant. Omitted: false.
	// +optional
	AnyTenant bool `json:"anyTenant,omitempty"`

	// children: true means every Tenant that the profile's tenants.children makes a child of this
	// tenant. Each child, or the profile, must declare the flow from its side. A Tenant without an
	// entry in tenants.children is an error. A Tenant needs no limit. In the profile's allTenants, it
	// means the children of each tenant, without consent. It is an error in nodes, and in a profile
	// without tenants.children. Omitted: false.
	// +optional
	Children bool `json:"children,omitempty"`

	// parent: true means the Tenant that the profile's tenants.children makes the parent of this
	// tenant. The parent, or the profile, must declare the flow from its side. A Tenant without a
	// parent is an error. In the profile's allTenants, it means the parent of each tenant that has
	// one, without consent. If a parent lacks the pods there, that is a warning. It is an error in
	// nodes, and in a profile without tenants.children. Omitted: false.
	// +optional
	Parent bool `json:"parent,omitempty"`

	// namespace is the name of a namespace in the build or among its external resources. A
	// namespace of another tenant needs that tenant's consent. Any other needs the profile's
	// limits.namespaces.
	// +optional
	Namespace string `json:"namespace,omitempty"`

	// namespaceLabels selects the namespaces that have all of these labels, including namespaces
	// that are created later. {} is every namespace of the cluster, and never a node. A namespace
	// of another tenant belongs to the peer only if that tenant declares the flow from its side.
	// Findings list the tenants that do not. Everyone who can label or create a namespace can join
	// the peer, which is a warning. In the profile's allTenants and nodes, namespaceLabels needs no
	// consent. There, {} means the same as anyTenant. A Tenant needs the profile's
	// limits.namespaceLabels.
	// +optional
	NamespaceLabels map[string]string `json:"namespaceLabels,omitzero"`

	// service is a Service of the build or its external resources: "name" in one of the
	// tenant's namespaces, or "namespace/name". It represents its pods and their target ports,
	// because policies are enforced on the port of the pod. A Service of type ExternalName
	// represents its externalName, which limits.fqdns must cover, and its own DNS name, which
	// pods query. One without a selector represents the addresses of its EndpointSlices.
	// default/kubernetes is the apiserver.
	// +optional
	Service string `json:"service,omitempty"`

	// entities are Cilium's names for peers without pod labels. host is the node of the pod.
	// remote-node is every other node and every hostNetwork pod on it. world is everything
	// outside the cluster, and cluster everything inside. In a NetworkPolicy they become the
	// addresses that the profile's cluster declares; ingress and health have none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Entities []Entity `json:"entities,omitempty"`

	// cidrs are networks outside the cluster, in CIDR notation without host bits. They never
	// match a pod, a node or an apiserver of the cluster. In a NetworkPolicy, the addresses
	// that the profile's cluster declares are excluded from them.
	// +optional
	// +kubebuilder:validation:MinItems=1
	CIDRs []string `json:"cidrs,omitempty"`

	// except are networks within cidrs that the peer excludes. Only with cidrs. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Except []string `json:"except,omitempty"`

	// fqdns are names outside the cluster, or patterns. In a pattern, * matches any part of one
	// label: "*.example.com" matches neither "example.com" nor "a.b.example.com". A leading "**."
	// matches one or more labels, and needs Cilium 1.19. fqdns are only for egress flows with
	// ports. For a name in the profile's clusterHostnames, the flow allows the pods behind its
	// Service, and ports are ports of the Service. With policies: Kubernetes, pods reach the other
	// names through the profile's egressProxy, over TCP only.
	// +optional
	// +kubebuilder:validation:MinItems=1
	FQDNs []string `json:"fqdns,omitempty"`

	// pods narrows tenant, anyTenant, children, parent, namespace or namespaceLabels to these pods.
	// Alone, it selects pods of the tenant's own namespaces. Omitted: all pods of the peer.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
}

// Port is a port, or a range of ports, of one protocol.
type Port struct {
	// port is a number from 1 to 65535, or the name of a container port of at most 15
	// characters.
	Port intstr.IntOrString `json:"port"`

	// endPort makes a range from port to endPort, including both. It is an error with a named
	// port. It needs Cilium 1.16, and 1.17 with http. Omitted: one port.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	EndPort int32 `json:"endPort,omitempty"`

	// protocol is TCP, UDP, SCTP or ANY, which is all three of them. ANY is an error with a named
	// port, http or dns. With a service peer, ANY means the protocols of the Service. Cilium's
	// agents drop SCTP unless the profile's ciliumConfig has enable-sctp: "true": without it, a
	// flow with ANY is decided for TCP and UDP. Omitted: TCP.
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`
}

// Protocol is a transport protocol. ANY is each of the others.
// +kubebuilder:validation:Enum=TCP;UDP;SCTP;ANY
type Protocol string

// The protocols.
const (
	TCP  Protocol = "TCP"
	UDP  Protocol = "UDP"
	SCTP Protocol = "SCTP"
	ANY  Protocol = "ANY"
)

// Protocols returns the protocols that ANY includes, as in Cilium.
func Protocols() []Protocol { return []Protocol{TCP, UDP, SCTP} }

// Entity is Cilium's name for a peer that has no pod labels.
// +kubebuilder:validation:Enum=all;cluster;host;remote-node;kube-apiserver;ingress;health;world;world-ipv4;world-ipv6
type Entity string

// The entities.
const (
	EntityAll           Entity = "all"
	EntityCluster       Entity = "cluster"
	EntityHost          Entity = "host"
	EntityRemoteNode    Entity = "remote-node"
	EntityKubeAPIServer Entity = "kube-apiserver"
	EntityIngress       Entity = "ingress"
	EntityHealth        Entity = "health"
	EntityWorld         Entity = "world"
	EntityWorldIPv4     Entity = "world-ipv4"
	EntityWorldIPv6     Entity = "world-ipv6"
)

// ICMPType is a type of ICMP message, of both IPv4 and IPv6.
// +kubebuilder:validation:Enum=EchoRequest;DestinationUnreachable;TimeExceeded;ParameterProblem
type ICMPType string

// The types of ICMP message. A reply needs no rule of its own: it belongs to the flow of the
// request.
const (
	ICMPEchoRequest            ICMPType = "EchoRequest"
	ICMPDestinationUnreachable ICMPType = "DestinationUnreachable"
	ICMPTimeExceeded           ICMPType = "TimeExceeded"
	ICMPParameterProblem       ICMPType = "ParameterProblem"
)

// ICMPTypes returns all types of ICMP message that have a name.
func ICMPTypes() []ICMPType {
	return []ICMPType{ICMPEchoRequest, ICMPDestinationUnreachable, ICMPTimeExceeded, ICMPParameterProblem}
}
