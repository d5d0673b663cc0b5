package policy

import (
	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

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
	// owner. Nil: the policy belongs to a namespace.
	NamespaceScope *NamespaceScope
	// Owner owns the pods of the namespace, or has the nodes that a host policy selects, which is
	// cluster-wide. Nil: the policy selects pods of several namespaces.
	Owner  *Owner
	Family Family
	// Subject selects the pods of Namespace that the policy applies to.
	Subject endpoints.Selector
	Rules   []Rule
	// DefaultDeny has the directions that a default-deny denies.
	DefaultDeny []flow.Direction
	Reasons     []report.Reason
}

// Rule allows traffic between the subject and any of the peers on any of the ports. Of the
// default-deny policies, only those of nodes have rules.
type Rule struct {
	Direction flow.Direction
	Peers     []Peer
	// Ports are the allowed ports. Empty means every port.
	Ports []flow.Port
	// L7 narrows the allowed traffic on the ports.
	L7 flow.L7
}

// PeerKind is the kind of a Peer: a way in which enforcers match. A kind of peer in the API resolves to one
// of them.
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
	Pods               endpoints.Selector
	// Owner is the name of the nodes, or of the tenant that owns the pods in a shared namespace.
	// Omitted: the pods belong to the namespace's owner, if it has one.
	Owner string `json:",omitempty"`

	Entities []v1alpha1.Entity
	CIDRs    []string
	Except   []string
	FQDNs    []string
}

// AnyNode is a node in policies about pods. These policies distinguish a pod's own node from all
// others, but no two others.
func AnyNode() Peer {
	return Peer{Kind: Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode}}
}

// HasNodes reports whether the policy selects nodes.
func (p *Policy) HasNodes() bool { return p.Owner != nil && p.Owner.IsNodes() }

// NodeLocalDNS returns the pods of a NodeLocal DNSCache in the resolver's namespace, as the
// Kubernetes manifests label them.
func NodeLocalDNS(namespace string) Peer {
	return Peer{Kind: Pods, Namespace: namespace, Pods: endpoints.Selector{MatchLabels: map[string]string{"k8s-app": "node-local-dns"}}}
}
