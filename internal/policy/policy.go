package policy

import (
	"cmp"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Direction is the direction of a rule, seen from its subject.
type Direction string

// The directions.
const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
)

// Directions returns both directions.
func Directions() []Direction { return []Direction{Egress, Ingress} }

// Opposite returns the direction seen from the other side.
func (d Direction) Opposite() Direction {
	if d == Egress {
		return Ingress
	}
	return Egress
}

// Family is the purpose of a policy.
type Family string

// The families.
const (
	DNS            Family = "dns"
	IntraNamespace Family = "intra-namespace"
	APIServer      Family = "apiserver"
	Monitoring     Family = "monitoring"
	EastWest       Family = "east-west"
	AgentIngress   Family = "agent-ingress"
	FQDNEgress     Family = "fqdn-egress"
	DefaultDeny    Family = "default-deny"
	// Host is the traffic of nodes.
	Host Family = "host"
)

// Stage returns the rollout stage that a family belongs to.
func (f Family) Stage() v1alpha1.Stage {
	switch f {
	case DNS, IntraNamespace, APIServer, Monitoring:
		return v1alpha1.StageBaseline
	case DefaultDeny:
		return v1alpha1.StageDefaultDeny
	default:
		return v1alpha1.StageAllow
	}
}

// Policy is one policy of a namespace, or a cluster-wide one, independent of its form.
type Policy struct {
	Namespace, Name string
	// NamespaceScope has the namespaces of a cluster-wide policy, which has no namespace and no
	// tenant. Nil: the policy belongs to a namespace.
	NamespaceScope *NamespaceScope
	// Node has the nodes that a host policy selects. Such a policy is cluster-wide and has no
	// tenant. Nil: the policy selects pods.
	Node *Node
	// Tenant owns the namespace. TenantID is its id.
	Tenant, TenantID string
	Family           Family
	// Subject selects the pods of Namespace that the policy applies to.
	Subject Selector
	Rules   []Rule
	// DefaultDeny has the directions that a default-deny denies.
	DefaultDeny []Direction
	Reasons     []Reason
}

// Rule allows traffic between the subject and any of the peers on any of the ports. Of the
// default-deny policies, only those of nodes have rules.
type Rule struct {
	Direction Direction
	Peers     []Peer
	// Ports are the allowed ports. Empty means every port.
	Ports []Port
	// L7 narrows the allowed traffic on the ports.
	L7 L7
}

// Selector selects pods by their labels. The zero value selects all.
type Selector = metav1.LabelSelector

// PeerKind is the kind of a Peer.
type PeerKind string

// The kinds of peer.
const (
	// Pods are pods of a namespace, selected by its name or its labels.
	Pods     PeerKind = "pods"
	Entities PeerKind = "entities"
	CIDRs    PeerKind = "cidrs"
	FQDNs    PeerKind = "fqdns"
	// Nodes are the nodes of an entry of the profile.
	Nodes PeerKind = "nodes"
)

// Peer is the source or destination of a Grant, and the peer of a Rule.
type Peer struct {
	Kind PeerKind

	// Namespace or NamespaceLabels, with Pods, select the pods. Without either, the pods may be in
	// any namespace. ExcludedNamespaces have the labels and are not part of the peer.
	Namespace          string
	NamespaceLabels    map[string]string
	ExcludedNamespaces []string
	Pods               Selector
	// Tenant owns the pods, in a shared namespace. Omitted: they belong to the namespace's owner,
	// if it has one.
	Tenant string `json:",omitempty"`

	Entities []v1alpha1.Entity
	CIDRs    []string
	Except   []string
	FQDNs    []string
	// Node is the name of a node entry of the profile.
	Node string `json:",omitempty"`
}

// NodeLocalDNS returns the pods of a NodeLocal DNSCache in the resolver's namespace, as the
// Kubernetes manifests label them.
func NodeLocalDNS(namespace string) Peer {
	return Peer{Kind: Pods, Namespace: namespace, Pods: Selector{MatchLabels: map[string]string{"k8s-app": "node-local-dns"}}}
}

// Port is a port by number (with End for a range) or by name. If Protocol is ICMP, Name is a type
// of message.
type Port struct {
	Name     string
	Port     int32
	End      int32
	Protocol v1alpha1.Protocol
}

// Reason is the field that declares a rule.
type Reason struct {
	// Kind and Name of the resource, "Tenant" and "acme".
	Kind, Name string
	// Field is its path, such as "spec.egress[llm]".
	Field string
}

func (r Reason) String() string { return r.Kind + "/" + r.Name + " " + r.Field }

// Child returns the reason for a field below.
func (r Reason) Child(field string) Reason {
	if r.Field != "" {
		field = r.Field + "." + field
	}
	return Reason{Kind: r.Kind, Name: r.Name, Field: field}
}

// IsNamed reports whether the port is the name of a container port of the destination.
func (p Port) IsNamed() bool { return p.Name != "" && p.Protocol != ICMP }

// ICMPPorts converts types of ICMP message to ports.
func ICMPPorts(types []v1alpha1.ICMPType) []Port {
	var out []Port
	for _, t := range types {
		out = append(out, Port{Name: string(t), Protocol: ICMP})
	}
	return out
}

// PortsOf converts ports of the API to ports with one protocol each.
func PortsOf(in []v1alpha1.Port) []Port { return ExpandProtocols(DeclaredPorts(in)) }

// DeclaredPorts converts ports of the API to ports as declared. Some may have the protocol ANY.
func DeclaredPorts(in []v1alpha1.Port) []Port {
	var out []Port
	for _, p := range in {
		out = append(out, DeclaredPort(p))
	}
	return out
}

// DeclaredPort converts a port of the API.
func DeclaredPort(p v1alpha1.Port) Port {
	port := Port{End: p.EndPort, Protocol: p.Protocol}
	if port.Protocol == "" {
		port.Protocol = v1alpha1.TCP
	}
	if p.Port.Type == intstr.String {
		port.Name = p.Port.StrVal
	} else {
		port.Port = p.Port.IntVal
	}
	return port
}

func (p Port) String() string {
	s := p.Name
	if s == "" {
		s = strconv.Itoa(int(p.Port))
	}
	if p.End > p.Port {
		s += "-" + strconv.Itoa(int(p.End))
	}
	return s + "/" + string(p.Protocol)
}

// ComparePorts orders ports by protocol, number and name.
func ComparePorts(a, b Port) int {
	return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Port, b.Port), cmp.Compare(a.End, b.End), cmp.Compare(a.Name, b.Name))
}
