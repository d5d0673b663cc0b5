package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Tenant declares what one tenant needs: its namespaces, the sources that may reach its pods
// and the destinations that its pods may reach. With enforcement: Enforce, all other traffic
// of its pods is denied.
//
// +kubebuilder:object:root=true
type Tenant struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name is the tenant's name: a DNS label of at most 63 characters, unique in the
	// build. metadata.namespace is ignored.
	metav1.ObjectMeta `json:"metadata"`

	Spec TenantSpec `json:"spec,omitempty"`
}

// TenantSpec is the body of a Tenant.
type TenantSpec struct {
	// id becomes the label tenantfence.dev/tenant-id of the policies in the tenant's
	// namespaces. It is a label value of at most 63 characters. Omitted: the policies do not
	// have this label.
	// +optional
	ID string `json:"id,omitempty"`

	// namespaces are the namespaces of this tenant. Each must be in the build or among its
	// external resources. The profile's tenants.namespacePattern and tenants.claims decide
	// which namespaces a tenant may have. Omitted: the one namespace that
	// tenants.namespacePattern yields for the tenant's name.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Namespaces []string `json:"namespaces,omitempty"`

	// pods selects the tenant's pods in its namespaces. All of its policies and flows apply to
	// these pods only. It is required in the profile's sharedNamespaces. In a namespace of this
	// tenant alone, the other pods stay unfenced, and reports count the namespace as isolated in
	// part. It is an error there if the profile requires Enforce of the tenant, unless
	// limits.enforcement lists AllowOnly. A flow may name these other pods by the peer namespace
	// without limits and consent. Each of the namespaces must have such pods, in the build or among its external
	// resources. No pod may belong to two tenants: all tenants of a namespace select by the
	// same label in matchLabels, each by its own value. matchExpressions are an error, because
	// they could exclude pods of the same workloads, such as those of a CronJob. Omitted: all
	// pods of the namespaces.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// enforcement is AllowOnly (allows are generated, nothing is denied) or Enforce
	// (default-deny in both directions). A tenant may be looser than the profile only if the
	// profile's limits.enforcement lists AllowOnly. Omitted: the profile's enforcement.
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// baseline narrows the profile's baseline for this tenant. Omitted: the profile's
	// baseline.
	// +optional
	Baseline *TenantBaseline `json:"baseline,omitempty"`

	// ingress are the flows to this tenant's pods. Omitted: only the baseline and the
	// profile's own flows are allowed.
	// +optional
	Ingress []IngressFlow `json:"ingress,omitempty"`

	// egress are the flows from this tenant's pods. Omitted: only the baseline and the
	// profile's own flows are allowed.
	// +optional
	Egress []EgressFlow `json:"egress,omitempty"`

	// agentIngress allows telemetry agents outside the cluster to connect. Omitted: none.
	// +optional
	AgentIngress []AgentIngress `json:"agentIngress,omitempty"`
}

// TenantBaseline narrows the profile's baseline. It cannot widen it.
type TenantBaseline struct {
	// intraNamespace: false denies the flows among the pods of one namespace. true is an
	// error if the profile's baseline.intraNamespace is false. Omitted: the profile's value.
	// +optional
	IntraNamespace *bool `json:"intraNamespace,omitempty"`

	// dns: false removes the baseline's DNS from all pods of the tenant. Flows still allow DNS
	// by themselves, for their own pods and names alone: those with fqdns or with names of
	// clusterHostnames, except in NetworkPolicies, and those to DNS servers. It is an error
	// with dnsPods. true has no effect. Omitted: the pods in dnsPods have it.
	// +optional
	DNS *bool `json:"dns,omitempty"`

	// dnsPods selects the pods that have the baseline's DNS. All other pods of the tenant are
	// as with dns: false. The tenant must have such pods, in the build or among its external
	// resources. It is an error with dns. Omitted: all pods of the tenant.
	// +optional
	DNSPods *metav1.LabelSelector `json:"dnsPods,omitempty"`
}

// IngressFlow allows peers to reach pods of the tenant. A flow from another tenant also needs
// that tenant's egress flow: what both sides declare is allowed.
type IngressFlow struct {
	// name is a DNS label of at most 63 characters, unique among all flows of the tenant.
	// Policies are named after it.
	Name string `json:"name"`

	// pods selects the destination pods. They must be in the build or among its external
	// resources. Omitted: all pods of the tenant.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// from are the sources. Each of them may connect.
	// +kubebuilder:validation:MinItems=1
	From []Peer `json:"from"`

	// ports are container ports of the destination pods, not ports of a Service. Omitted: every
	// port of every protocol.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`

	// http are L7 rules: a request is allowed if it matches one of them. It needs ports, each
	// of them TCP. On TLS ports (443, 8443 and the name https) it is an error, because TLS is
	// not inspected. If both sides of a flow set http, only the rules that both sides list
	// apply. In AllowOnly, requests are not inspected. The profile's limits.l7 must list HTTP.
	// Omitted: all traffic on the ports.
	// +optional
	// +kubebuilder:validation:MinItems=1
	HTTP []HTTPRule `json:"http,omitempty"`

	// icmp are the types of ICMP message that the flow allows, over IPv4 and IPv6. It replaces
	// ports, and is an error with service peers. Omitted: the flow allows what ports lists.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ICMP []ICMPType `json:"icmp,omitempty"`

	// optional: true turns the flow off if its pods or a peer are not in the build, and
	// reports that. Omitted: false, missing pods or peers are an error.
	// +optional
	Optional bool `json:"optional,omitempty"`

	// fullMesh: true allows the flow between all tenants that have the pods, without a flow on
	// the other tenant's side. It is only for flows of the profile's allTenants whose peers
	// include anyTenant or namespaceLabels: {}. The number of tenant pairs that it allows is
	// reported. Omitted: false, the other tenant must declare its side.
	// +optional
	FullMesh bool `json:"fullMesh,omitempty"`
}

// EgressFlow allows pods of the tenant to reach peers. A flow to another tenant also needs
// that tenant's ingress flow: what both sides declare is allowed.
type EgressFlow struct {
	// name is a DNS label of at most 63 characters, unique among all flows of the tenant.
	// Policies are named after it.
	Name string `json:"name"`

	// pods selects the source pods. They must be in the build or among its external resources.
	// It is an error with via. Omitted: all pods of the tenant.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// via names one of the profile's egressPoints, whose pods connect on behalf of the tenant. All
	// tenants of an egress point can use each other's flows, because one policy contains the flows
	// of all. The profile's limits.egressPoints must list it. Omitted: the tenant's own pods
	// connect.
	// +optional
	Via string `json:"via,omitempty"`

	// to are the destinations. Each of them may be reached.
	// +kubebuilder:validation:MinItems=1
	To []Peer `json:"to"`

	// ports are the ports of the destination: container ports of pods, not ports of a Service.
	// With a service peer they select among the Service's ports. Required with fqdns, unless
	// icmp is set. Omitted: every port of every protocol, or every port of the Service.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`

	// http are L7 rules: a request is allowed if it matches one of them. It needs ports, each
	// of them TCP. TLS ports (443, 8443 and the name https) also need the Secrets of tls,
	// because TLS is not inspected otherwise. If both sides of a flow set http, only the rules
	// that both sides list apply. In AllowOnly, requests are not inspected. The profile's
	// limits.l7 must list HTTP. Omitted: all traffic on the ports.
	// +optional
	// +kubebuilder:validation:MinItems=1
	HTTP []HTTPRule `json:"http,omitempty"`

	// tls restricts TLS connections by server name, or intercepts them for http. It needs
	// ports, each of them TCP, and is an error with via, dns or icmp. It is also an error if
	// the destination is another tenant, as a peer or by clusterHostnames, because that tenant
	// would have to agree. If a name in clusterHostnames resolves to the tenant's own pods or
	// to pods of no tenant, tls applies on the egress side. In AllowOnly, no TLS rules are
	// generated. The profile's limits.l7 must list TLS, and its limits.secrets the Secrets.
	// Omitted: TLS connections are not inspected.
	// +optional
	TLS *TLS `json:"tls,omitempty"`

	// dns are the names and patterns that pods may query at the peer, a DNS server. "*" is any
	// name. It needs ports of UDP or TCP, without ranges: list both, because clients query
	// over both. It is an error with http or a peer of fqdns. In AllowOnly, queries are not
	// inspected. The profile's limits.l7 must list DNS, and its limits.fqdns must cover the
	// names. Omitted: all traffic on the ports.
	// +optional
	// +kubebuilder:validation:MinItems=1
	DNS []string `json:"dns,omitempty"`

	// icmp are the types of ICMP message that the flow allows, over IPv4 and IPv6. It replaces
	// ports, and is an error with service peers. Omitted: the flow allows what ports lists.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ICMP []ICMPType `json:"icmp,omitempty"`

	// optional: true turns the flow off if its pods or a peer are not in the build, and
	// reports that. Omitted: false, missing pods or peers are an error.
	// +optional
	Optional bool `json:"optional,omitempty"`

	// fullMesh: true allows the flow between all tenants that have the pods, without a flow on
	// the other tenant's side. It is only for flows of the profile's allTenants whose peers
	// include anyTenant or namespaceLabels: {}. The number of tenant pairs that it allows is
	// reported. Omitted: false, the other tenant must declare its side.
	// +optional
	FullMesh bool `json:"fullMesh,omitempty"`
}

// AgentIngress allows telemetry agents outside the cluster to reach pods of the tenant,
// directly through a load balancer or through the profile's edge proxy.
type AgentIngress struct {
	// name is a DNS label of at most 63 characters, unique among all flows of the tenant.
	Name string `json:"name"`

	// service is the name of the Service, in one of the tenant's namespaces, that agents
	// connect to. The flow allows its pods and target ports. Exactly one of service and pods
	// is set.
	// +optional
	Service string `json:"service,omitempty"`

	// pods selects the pods that agents reach. Exactly one of service and pods is set.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// ports are, with service, some of its ports; omitted: all of its ports. With pods, they
	// are the container ports, and required.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`

	// mode is how agents reach the tenant.
	Mode AgentMode `json:"mode"`

	// proxyPorts are the ports of the edge proxy that only this tenant's agents use. They are
	// numbers, and among the profile's edgeProxy.ports if it lists any. Only with mode
	// EdgeProxy. Omitted: the agents may reach every port of the proxy that the profile allows
	// for agents.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ProxyPorts []Port `json:"proxyPorts,omitempty"`

	// cidrs are the networks of the agents. With mode LoadBalancer they are required, and
	// within the profile's limits.cidrs. With mode EdgeProxy they need proxyPorts, and are
	// within the union of limits.cidrs and edgeProxy.cidrs. Omitted with EdgeProxy: the
	// profile's edgeProxy.cidrs.
	// +optional
	// +kubebuilder:validation:MinItems=1
	CIDRs []string `json:"cidrs,omitempty"`

	// sourceIP is Client if the load balancer preserves the agents' addresses, and Node if
	// they are translated to a node's address. With Node, policies cannot filter by CIDR and
	// allow the nodes instead: the profile's limits.entities must list host and remote-node.
	// Only with mode LoadBalancer. Omitted: Client.
	// +optional
	SourceIP SourceIP `json:"sourceIP,omitempty"`
}

// Enforcement is whether a fence denies anything.
// +kubebuilder:validation:Enum=AllowOnly;Enforce
type Enforcement string

// The enforcements.
const (
	// AllowOnly generates allows only; nothing is denied.
	AllowOnly Enforcement = "AllowOnly"
	// Enforce adds a default-deny in both directions.
	Enforce Enforcement = "Enforce"
)

// AgentMode is how telemetry agents reach a tenant.
// +kubebuilder:validation:Enum=LoadBalancer;EdgeProxy
type AgentMode string

// The modes.
const (
	// LoadBalancer: a load balancer of the tenant forwards to its pods.
	LoadBalancer AgentMode = "LoadBalancer"
	// EdgeProxy: the profile's shared edge proxy connects to the tenant's pods.
	EdgeProxy AgentMode = "EdgeProxy"
)

// SourceIP is the source address that a pod sees behind a load balancer.
// +kubebuilder:validation:Enum=Client;Node
type SourceIP string

// The source addresses behind a load balancer.
const (
	// SourceClient: the client's own address is preserved.
	SourceClient SourceIP = "Client"
	// SourceNode: the address is translated to a node's.
	SourceNode SourceIP = "Node"
)
