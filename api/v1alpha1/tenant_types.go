package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Tenant says what one tenant needs: its namespaces, who may reach its pods and
// what its pods may reach. Everything else is closed.
//
// +kubebuilder:object:root=true
type Tenant struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name is the tenant's name: a DNS label of at most 63 characters,
	// unique in the build. metadata.namespace is ignored.
	metav1.ObjectMeta `json:"metadata"`

	Spec TenantSpec `json:"spec,omitempty"`
}

// TenantSpec is the body of a Tenant.
type TenantSpec struct {
	// id becomes the label tenantfence.dev/tenant-id of the policies that land in
	// this tenant's namespaces. At most 63 characters, a label value. Omitted: no
	// such label.
	// +optional
	ID string `json:"id,omitempty"`

	// namespaces are the namespaces of this tenant, each of which must be in the
	// build or its inventory. A tenant gets only what the profile's
	// tenants.namespacePattern or tenants.claims give it. Omitted: the one
	// namespace that the profile's pattern names.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Namespaces []string `json:"namespaces,omitempty"`

	// pods are those that are the tenant's, in namespaces that it shares with others: all
	// that is generated for it is about these alone, and its flows choose among them.
	// Required where its namespaces are among the profile's sharedNamespaces, and an
	// error elsewhere, since it would leave the other pods open. They must be in the
	// build or its inventory, in each of the namespaces, and no pod may be another
	// tenant's too: all tenants of a namespace select by one label, each by its own value,
	// in matchLabels. matchExpressions are an error here: they could leave out pods that
	// the same workloads make, such as those of a CronJob. Omitted: all pods of the
	// namespaces.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// enforcement is AllowOnly (allows only: nothing is closed) or Enforce (a
	// default-deny in both directions). Omitted: the profile's. Looser than the
	// profile only where the profile's limits.enforcement says so.
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// baseline narrows the profile's baseline for this tenant. Omitted: the
	// profile's.
	// +optional
	Baseline *TenantBaseline `json:"baseline,omitempty"`

	// ingress says who may reach this tenant's pods. Omitted: nobody, beyond the
	// baseline and the profile's own flows.
	// +optional
	Ingress []IngressFlow `json:"ingress,omitempty"`

	// egress says what this tenant's pods may reach. Omitted: nothing, beyond the
	// baseline and the profile's own flows.
	// +optional
	Egress []EgressFlow `json:"egress,omitempty"`

	// agentIngress admits telemetry agents outside the cluster that dial in.
	// Omitted: none.
	// +optional
	AgentIngress []AgentIngress `json:"agentIngress,omitempty"`
}

// TenantBaseline narrows the profile's baseline. It cannot widen it.
type TenantBaseline struct {
	// intraNamespace: false closes the flows among the pods of one namespace.
	// Omitted: the profile's. true where the profile says false is an error.
	// +optional
	IntraNamespace *bool `json:"intraNamespace,omitempty"`
}

// IngressFlow admits peers to pods of the tenant. A flow from another tenant
// needs that tenant's egress flow too: what both say is allowed.
type IngressFlow struct {
	// name is a DNS label, unique among all flows of the tenant: policies are
	// named after it.
	Name string `json:"name"`

	// pods are the pods that may be reached. They must be in the build or its
	// inventory. Omitted: all pods of the tenant.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// from are the peers that may connect, any of them.
	// +kubebuilder:validation:MinItems=1
	From []Peer `json:"from"`

	// ports are the pods' own ports (never a Service's). Omitted: every port of
	// every protocol.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`

	// http lets only requests pass that match one of these rules. Only with ports, each
	// of them TCP, and never where TLS is spoken (443, 8443 and the name https), which
	// nothing looks into. Where both ends of a flow say http, the rules that both say
	// count. Not looked into in AllowOnly. The profile's limits.l7 must allow HTTP.
	// Omitted: everything that is spoken on the ports.
	// +optional
	// +kubebuilder:validation:MinItems=1
	HTTP []HTTPRule `json:"http,omitempty"`

	// icmp are types of ICMP message that pass, over IPv4 and IPv6, instead of ports.
	// Not with service peers. Omitted: what ports say.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ICMP []ICMPType `json:"icmp,omitempty"`

	// optional: true switches the flow off, said on stderr, where the pods or a
	// peer are not in the build. Omitted: that is an error.
	// +optional
	Optional bool `json:"optional,omitempty"`

	// fullMesh: true opens the flow between all tenants that have the pods, without a flow from
	// the other tenant's side. It is only for flows of the profile's allTenants whose peers
	// include anyTenant or namespaceLabels: {}. The number of pairs of tenants that it opens
	// is reported. Omitted: false, the other tenant must declare its side.
	// +optional
	FullMesh bool `json:"fullMesh,omitempty"`
}

// EgressFlow lets pods reach peers. A flow to another tenant needs that
// tenant's ingress flow too: what both say is allowed.
type EgressFlow struct {
	// name is a DNS label, unique among all flows of the tenant: policies are
	// named after it.
	Name string `json:"name"`

	// pods are the pods that may connect. They must be in the build or its
	// inventory. Omitted: all pods of the tenant. Not together with via.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// via names an egressPoint of the profile whose pods open the connection on
	// behalf of the tenant. All tenants of an egress point share the union of what
	// they ask for, which stands in one policy. Omitted: the tenant's own pods connect.
	// +optional
	Via string `json:"via,omitempty"`

	// to are the peers that may be reached, any of them.
	// +kubebuilder:validation:MinItems=1
	To []Peer `json:"to"`

	// ports are the ports at the peer: a pod's own port, never a Service's, unless
	// the peer is a service, whose ports they then select. Omitted: every port of
	// every protocol, or every port of the service. Required with
	// fqdns, unless icmp is said.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`

	// http lets only requests pass that match one of these rules. Only with ports, each
	// of them TCP, and where TLS is spoken (443, 8443 and the name https), which nothing
	// looks into, only with the secrets of tls. Where both ends of a flow say http, the
	// rules that both say count. Not looked into in AllowOnly. The profile's limits.l7 must
	// allow HTTP. Omitted: everything that is spoken on the ports.
	// +optional
	// +kubebuilder:validation:MinItems=1
	HTTP []HTTPRule `json:"http,omitempty"`

	// tls narrows connections to servers of some names, or opens them up for http. Only
	// with ports, each of them TCP; not with via, dns or icmp, and not where another tenant
	// is the peer, or the profile's clusterHostnames say that a name ends at its pods: it would
	// have to agree. Where one ends at pods of the tenant's own, or of nobody, tls is looked into on the way out, as towards the
	// world. Nothing is written of it in AllowOnly. The profile's limits.l7 must allow TLS,
	// and its limits.secrets the secrets. Omitted: what is spoken in TLS is not looked into.
	// +optional
	TLS *TLS `json:"tls,omitempty"`

	// dns are the names and patterns that may be asked for, where the peer is a DNS
	// server; "*" is any name. Only with ports, without ranges, of UDP or TCP: a server
	// is asked over both. Not with http, and not with fqdns as the peer. Not looked
	// into in AllowOnly. The profile's limits.l7 must allow DNS, and its limits.fqdns cover
	// the names. Omitted: everything that is spoken on the ports.
	// +optional
	// +kubebuilder:validation:MinItems=1
	DNS []string `json:"dns,omitempty"`

	// icmp are types of ICMP message that pass, over IPv4 and IPv6, instead of ports.
	// Not with service peers. Omitted: what ports say.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ICMP []ICMPType `json:"icmp,omitempty"`

	// optional: true switches the flow off, said on stderr, where the pods or a
	// peer are not in the build. Omitted: that is an error.
	// +optional
	Optional bool `json:"optional,omitempty"`

	// fullMesh: true opens the flow between all tenants that have the pods, without a flow from
	// the other tenant's side. It is only for flows of the profile's allTenants whose peers
	// include anyTenant or namespaceLabels: {}. The number of pairs of tenants that it opens
	// is reported. Omitted: false, the other tenant must declare its side.
	// +optional
	FullMesh bool `json:"fullMesh,omitempty"`
}

// AgentIngress admits telemetry agents outside the cluster that dial in to pods
// of the tenant, straight through a load balancer or through the profile's edge
// proxy.
type AgentIngress struct {
	// name is a DNS label, unique among all flows of the tenant.
	Name string `json:"name"`

	// service is the name of the Service, in one of the tenant's namespaces, that
	// agents dial: its pods and target ports are admitted. Exactly one of service
	// and pods.
	// +optional
	Service string `json:"service,omitempty"`

	// pods are the pods that agents reach. Exactly one of service and pods.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// ports are, beside service, which of its ports (omitted: all of them); beside
	// pods, the pods' own ports (required).
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`

	// mode says how agents arrive.
	Mode AgentMode `json:"mode"`

	// proxyPorts are the proxy's own ports at which this tenant's agents dial in, by
	// number, and no other tenant's do. Where the profile lists edgeProxy.ports, they must
	// be among these. Only with mode EdgeProxy. Omitted: the agents reach every port of the
	// proxy that the profile lets any agent reach.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ProxyPorts []Port `json:"proxyPorts,omitempty"`

	// cidrs are the networks that agents dial from. Required with LoadBalancer, within
	// the profile's limits.cidrs; with EdgeProxy only beside proxyPorts, and within
	// limits.cidrs and edgeProxy.cidrs together. Omitted there: the profile's edgeProxy.cidrs.
	// +optional
	// +kubebuilder:validation:MinItems=1
	CIDRs []string `json:"cidrs,omitempty"`

	// sourceIP is Client where the load balancer preserves the agents' addresses,
	// Node where they are translated to a node's on the way: policies then cannot
	// filter by CIDR and admit the nodes instead, which the profile's
	// limits.entities must allow (host, remote-node). Omitted: Client. Only with
	// mode LoadBalancer.
	// +optional
	SourceIP SourceIP `json:"sourceIP,omitempty"`
}

// Enforcement says whether a fence closes anything.
// +kubebuilder:validation:Enum=AllowOnly;Enforce
type Enforcement string

// The enforcements.
const (
	// AllowOnly writes additive allows only; nothing is denied.
	AllowOnly Enforcement = "AllowOnly"
	// Enforce adds a default-deny in both directions.
	Enforce Enforcement = "Enforce"
)

// AgentMode says how telemetry agents reach a tenant.
// +kubebuilder:validation:Enum=LoadBalancer;EdgeProxy
type AgentMode string

// The ways in for agents.
const (
	// LoadBalancer: a load balancer of the tenant's own, straight to its pods.
	LoadBalancer AgentMode = "LoadBalancer"
	// EdgeProxy: the profile's shared edge proxy, which dials the tenant's pods.
	EdgeProxy AgentMode = "EdgeProxy"
)

// SourceIP says whose address a pod sees behind a load balancer.
// +kubebuilder:validation:Enum=Client;Node
type SourceIP string

// The source addresses behind a load balancer.
const (
	// SourceClient: the client's own address is preserved.
	SourceClient SourceIP = "Client"
	// SourceNode: the address was translated to a node's.
	SourceNode SourceIP = "Node"
)
