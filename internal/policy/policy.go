package policy

import (
	"cmp"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Direction is the way a rule looks from its subject.
type Direction string

// The directions.
const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
)

// Directions are both.
func Directions() []Direction { return []Direction{Egress, Ingress} }

// Opposite is how the other end sees it.
func (d Direction) Opposite() Direction {
	if d == Egress {
		return Ingress
	}
	return Egress
}

// Family says what a policy is for.
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
	// Host is what nodes may do.
	Host Family = "host"
)

// Stage is the step of a rollout that a family belongs to.
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

// Policy is one policy of one namespace, or a cluster-wide one, before it takes a
// form.
type Policy struct {
	Namespace, Name string
	// NamespaceScope is where a cluster-wide policy selects pods. It has no namespace, and no
	// tenant. Nil: the policy is one of a namespace.
	NamespaceScope *NamespaceScope
	// Node are the nodes that a host policy selects. It is cluster-wide, and no tenant's.
	// Nil: the policy is about pods.
	Node *Node
	// Tenant owns the namespace. TenantID is its id.
	Tenant, TenantID string
	Family           Family
	// Subject selects the pods, within Namespace, that the policy is about.
	Subject Selector
	Rules   []Rule
	// DefaultDeny are the directions that a default-deny closes.
	DefaultDeny []Direction
	Reasons     []Reason
}

// Rule lets the subject exchange traffic with any of the peers on any of the
// ports. Among default-denies, those of nodes alone have rules.
type Rule struct {
	Direction Direction
	Peers     []Peer
	// Ports: none means every port.
	Ports []Port
	// L7 narrows what passes on the ports.
	L7 L7
}

// Selector selects pods by their labels. The zero value selects all.
type Selector = metav1.LabelSelector

// PeerKind says what a Peer is.
type PeerKind string

// The kinds of peer.
const (
	// Pods of a namespace, by name or by the namespace's labels.
	Pods     PeerKind = "pods"
	Entities PeerKind = "entities"
	CIDRs    PeerKind = "cidrs"
	FQDNs    PeerKind = "fqdns"
	// Nodes are those of an entry of the profile's nodes.
	Nodes PeerKind = "nodes"
)

// Peer is one end of a Grant, and the other side of a Rule.
type Peer struct {
	Kind PeerKind

	// Namespace or NamespaceLabels, and Pods, say which pods; without either they are of
	// any namespace. NotNamespaces carry the labels and are not meant.
	Namespace          string
	NamespaceLabels    map[string]string
	ExcludedNamespaces []string
	Pods               Selector
	// Tenant whose pods they are, in a namespace that is shared. Omitted: they are the
	// namespace's owner's, or nobody's.
	Tenant string `json:",omitempty"`

	Entities []v1alpha1.Entity
	CIDRs    []string
	Except   []string
	FQDNs    []string
	// Node is the name of the entry.
	Node string `json:",omitempty"`
}

// NodeLocalDNS are the pods of a NodeLocal DNSCache beside the resolver's, as Kubernetes'
// own manifests label them.
func NodeLocalDNS(namespace string) Peer {
	return Peer{Kind: Pods, Namespace: namespace, Pods: Selector{MatchLabels: map[string]string{"k8s-app": "node-local-dns"}}}
}

// Port is a port, by number (with End for a range) or by name. Where Protocol is ICMP,
// Name is a type of message.
type Port struct {
	Name     string
	Port     int32
	End      int32
	Protocol v1alpha1.Protocol
}

// Reason is the field that asked for a rule.
type Reason struct {
	// Kind and Name of the resource, "Tenant" and "acme".
	Kind, Name string
	// Field is its path: "spec.egress[llm]".
	Field string
}

func (r Reason) String() string { return r.Kind + "/" + r.Name + " " + r.Field }

// Child is the same reason, at a field below.
func (r Reason) Child(field string) Reason {
	if r.Field != "" {
		field = r.Field + "." + field
	}
	return Reason{Kind: r.Kind, Name: r.Name, Field: field}
}

// IsNamed says whether a container of the pods to be reached gives the port its name.
func (p Port) IsNamed() bool { return p.Name != "" && p.Protocol != ICMP }

// ICMPPorts turns types of ICMP message into ports.
func ICMPPorts(types []v1alpha1.ICMPType) []Port {
	var out []Port
	for _, t := range types {
		out = append(out, Port{Name: string(t), Protocol: ICMP})
	}
	return out
}

// PortsOf turns ports of the API into ports, each of one protocol.
func PortsOf(in []v1alpha1.Port) []Port { return ExpandProtocols(DeclaredPorts(in)) }

// DeclaredPorts turns ports of the API into ports as they are written, of which some may be
// of ANY protocol.
func DeclaredPorts(in []v1alpha1.Port) []Port {
	var out []Port
	for _, p := range in {
		port := Port{End: p.EndPort, Protocol: p.Protocol}
		if port.Protocol == "" {
			port.Protocol = v1alpha1.TCP
		}
		if p.Port.Type == intstr.String {
			port.Name = p.Port.StrVal
		} else {
			port.Port = p.Port.IntVal
		}
		out = append(out, port)
	}
	return out
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
