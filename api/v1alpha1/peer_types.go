package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Peer is the other side of a flow: exactly one of tenant, anyTenant, namespace,
// namespaceLabels, service, entities, cidrs and fqdns, or pods alone, which are
// the tenant's own. pods narrows the first four.
type Peer struct {
	// tenant is the name of another Tenant of the build: the pods of its
	// namespaces. That tenant must say the flow too, or the profile.
	// +optional
	Tenant string `json:"tenant,omitempty"`

	// anyTenant: true is every tenant that declares the flow from its side, also where the
	// profile's allTenants declares this side, unless that flow sets fullMesh: true. In the profile's
	// nodes it is every tenant. A Tenant needs the profile's limits.anyTenant.
	// +optional
	AnyTenant bool `json:"anyTenant,omitempty"`

	// namespace is the name of a namespace in the build or its inventory. One of
	// another tenant needs that tenant's consent; any other, the profile's
	// limits.namespaces.
	// +optional
	Namespace string `json:"namespace,omitempty"`

	// namespaceLabels are the namespaces that carry all of these labels, also those that
	// are created later; {} is every namespace of the cluster, and never a node. A tenant's
	// namespace belongs to the peer only if that tenant declares the flow from its side;
	// those that do not are reported. Everyone who can label or create a namespace can join
	// the peer, which is a warning. In the profile's allTenants and nodes, labels need no consent,
	// and {} does as anyTenant does. A Tenant needs the profile's limits.namespaceLabels.
	// +optional
	NamespaceLabels map[string]string `json:"namespaceLabels,omitzero"`

	// service is a Service of the build or its inventory, "name" in one of the
	// tenant's namespaces or "namespace/name". It stands for the pods behind it and
	// their target ports, because a policy is decided on the pod's port; a Service
	// of type ExternalName for its name; one without a selector for its
	// EndpointSlices' addresses; default/kubernetes for the apiserver.
	// +optional
	Service string `json:"service,omitempty"`

	// entities are Cilium's names for what has no pod labels. host is this node,
	// remote-node every other node and every hostNetwork pod on it, world all that
	// is outside the cluster, cluster all that is inside. In a NetworkPolicy they are the
	// addresses that the profile's cluster says; ingress and health are none there.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Entities []Entity `json:"entities,omitempty"`

	// cidrs are networks outside the cluster, in CIDR notation without host bits.
	// They never match a pod, a node or an apiserver in the cluster: from a NetworkPolicy
	// the addresses that the profile's cluster says are taken out.
	// +optional
	// +kubebuilder:validation:MinItems=1
	CIDRs []string `json:"cidrs,omitempty"`

	// except are networks within cidrs that are not meant. Only with cidrs.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Except []string `json:"except,omitempty"`

	// fqdns are names outside the cluster, or patterns in which * stands for any
	// part of one label ("*.example.com" matches neither "example.com" nor
	// "a.b.example.com") and a leading "**." for one or more labels (Cilium 1.19).
	// Only in egress, and with ports. A name that the profile lists in clusterHostnames ends at
	// pods of this cluster, and the ports are those of the Service there. Where policies
	// are Kubernetes, the profile's egressProxy leads to the others, over TCP alone.
	// +optional
	// +kubebuilder:validation:MinItems=1
	FQDNs []string `json:"fqdns,omitempty"`

	// pods narrows tenant, anyTenant, namespace or namespaceLabels to these pods.
	// Alone: these pods of the tenant's own namespaces. Omitted: all pods of the
	// peer.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
}

// Port is a port, or a range of ports, of one protocol.
type Port struct {
	// port is a number from 1 to 65535 or the name of a container's port (at most
	// 15 characters).
	Port intstr.IntOrString `json:"port"`

	// endPort makes a range from port to endPort, both included. Not with a named
	// port. Needs Cilium 1.16, and beside http 1.17. Omitted: the one port.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	EndPort int32 `json:"endPort,omitempty"`

	// protocol is TCP, UDP, SCTP or ANY, which is all three of them: not with a named
	// port, http or dns; of a Service those that it has. Omitted: TCP.
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

// Protocols are those that ANY stands for, as Cilium has it.
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

// The types of ICMP message. A reply needs no rule of its own: it belongs to the flow
// that asked for it.
const (
	ICMPEchoRequest            ICMPType = "EchoRequest"
	ICMPDestinationUnreachable ICMPType = "DestinationUnreachable"
	ICMPTimeExceeded           ICMPType = "TimeExceeded"
	ICMPParameterProblem       ICMPType = "ParameterProblem"
)

// ICMPTypes are all types of ICMP message that have a name.
func ICMPTypes() []ICMPType {
	return []ICMPType{ICMPEchoRequest, ICMPDestinationUnreachable, ICMPTimeExceeded, ICMPParameterProblem}
}
