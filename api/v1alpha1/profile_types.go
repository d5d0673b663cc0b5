package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FenceProfile describes the cluster once, and what a Tenant may ask for. The
// platform team writes it, and the function trusts it.
//
// +kubebuilder:object:root=true
type FenceProfile struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name names the profile, for the profileName of a TenantFence.
	metav1.ObjectMeta `json:"metadata"`

	Spec FenceProfileSpec `json:"spec"`
}

// FenceProfileSpec is the body of a FenceProfile, and of a TenantFence's inline
// profile.
type FenceProfileSpec struct {
	// cluster says which enforcer decides, and how it knows this cluster.
	Cluster Cluster `json:"cluster"`

	// policies is the form of the generated policies. Kubernetes writes NetworkPolicies,
	// which know no names, no entities and nothing of what is spoken on a port, and
	// isolate by themselves: nothing is generated for a namespace in AllowOnly. Cilium needs
	// cni: Cilium. Both, which needs it too, writes a NetworkPolicy beside each policy
	// that can be said in one, for the day when another enforcer takes over: where it
	// would let more or less pass then is said on every build, and a flow with http or dns
	// is an error, since a NetworkPolicy beside it lets everything pass. Omitted: Cilium for cni: Cilium, else Kubernetes.
	// +optional
	Policies PolicyForm `json:"policies,omitempty"`

	// scope is Namespace (every policy lands in a namespace of a tenant) or Cluster:
	// default-deny and the baseline's dns, apiServer and monitoring stand in
	// cluster-wide policies, of which there are five at most, however many tenants
	// there are. With Cluster and enforcement Enforce, every namespace of the cluster is
	// closed but for the baseline, also one that nobody labelled or that is made later:
	// not closed are those of tenants in AllowOnly, excludedNamespaces, sharedNamespaces and,
	// unless a Tenant has them, kube-system, kube-public and kube-node-lease. A
	// namespace of the build that is none of these and no tenant's is an error. Cluster
	// needs Cilium 1.16, and one fence in a cluster. Omitted: Namespace.
	// +optional
	Scope Scope `json:"scope,omitempty"`

	// enforcement is that of every tenant that does not say its own. Omitted: AllowOnly,
	// which is printed.
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// tenants says which namespaces a Tenant may have. Omitted: the pattern
	// "tenant-{name}", no claims.
	// +optional
	Tenants TenantRules `json:"tenants,omitempty"`

	// sharedNamespaces may be had by several Tenants at once, each only with spec.pods:
	// of its pods, those that no Tenant selects are not fenced, whatever the scope. A
	// Tenant still needs tenants.claims or the pattern to have one. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	SharedNamespaces []string `json:"sharedNamespaces,omitempty"`

	// excludedNamespaces are never fenced: no Tenant may claim one. Omitted: none.
	// +optional
	ExcludedNamespaces []ExcludedNamespace `json:"excludedNamespaces,omitempty"`

	// baseline is what every tenant's pods may do. Omitted: DNS, and the flows
	// within each namespace.
	// +optional
	Baseline Baseline `json:"baseline,omitempty"`

	// egressPoints are pods through which tenants reach the outside: a Tenant's via.
	// Omitted: none.
	// +optional
	EgressPoints []EgressPoint `json:"egressPoints,omitempty"`

	// egressProxy is how tenants reach names where policies are Kubernetes: their pods
	// reach the proxy, and the proxy lets through the names that stand in the ConfigMap
	// tenantfence-egress-names of its namespace, which is not a shared one. Only with
	// policies: Kubernetes and Both. Omitted: a flow to fqdns is an error with
	// Kubernetes, and has no NetworkPolicy with Both.
	// +optional
	EgressProxy *EgressProxyPods `json:"egressProxy,omitempty"`

	// edgeProxy is the shared way in for telemetry agents: agentIngress with mode
	// EdgeProxy. Omitted: that mode is an error.
	// +optional
	EdgeProxy *EdgeProxyPods `json:"edgeProxy,omitempty"`

	// clusterHostnames are public names that resolve to addresses of this cluster: those of a
	// Service, or of Cilium's own Gateway (entity: ingress). Policies are decided after the
	// address of a Service was translated, so no rule about names or the world matches them.
	// A flow to a name of a Service becomes one to its pods, on the target ports of the ports
	// that the flow lists. A flow to a name of the Gateway becomes one to the entity ingress,
	// on the ports that the flow lists. Neither needs limits.namespaces, nor consent, except
	// as a Service in a shared namespace requires. No policy distinguishes several names of
	// one Service: a pod that may reach one of them reaches everything that the Service
	// serves on these ports. Where several entries hold a name, all of them apply. Omitted:
	// none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ClusterHostnames []ClusterHostname `json:"clusterHostnames,omitempty"`

	// allTenants holds flows of every tenant that has the pods, in a Tenant's own words.
	// A tenant without the pods is skipped. They need no limit, and no consent but for the
	// peers anyTenant and namespaceLabels: {}, unless the flow sets fullMesh: true. Omitted: none.
	// +optional
	AllTenants AllTenantsFlows `json:"allTenants,omitempty"`

	// nodes are host policies: what nodes may do, and what may reach them. Only with cni:
	// Cilium, and never as NetworkPolicies: with policies: Both nothing stands beside them,
	// which is said. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Nodes []NodePolicy `json:"nodes,omitempty"`

	// limits says how far a Tenant may reach. Omitted: no further than its own
	// namespaces and the tenants that consent.
	// +optional
	Limits Limits `json:"limits,omitempty"`

	// undecidedKinds are kinds of resources that affect traffic, that the proof does not
	// decide, and that may be in a build all the same, each with the reason. What is proved
	// then holds as far as these resources do not change it, and every report lists them.
	// Omitted: such a resource is an error.
	// +optional
	// +kubebuilder:validation:MinItems=1
	UndecidedKinds []UndecidedKind `json:"undecidedKinds,omitempty"`

	// proofBudget bounds the size of the proof. Omitted: the defaults.
	// +optional
	ProofBudget ProofBudget `json:"proofBudget,omitempty"`

	// overrides change limits and enforcement for some tenants, in order: of two
	// that match, the later wins, field by field. Omitted: none.
	// +optional
	Overrides []Override `json:"overrides,omitempty"`
}

// Scope is where generated policies live.
// +kubebuilder:validation:Enum=Namespace;Cluster
type Scope string

// The scopes.
const (
	ScopeNamespace Scope = "Namespace"
	ScopeCluster   Scope = "Cluster"
)

// Baseline is what every tenant's pods may do.
type Baseline struct {
	// dns says where names are resolved. Omitted: the pods k8s-app=kube-dns of
	// kube-system on port 53, over UDP and TCP, any name.
	// +optional
	DNS DNS `json:"dns,omitempty"`

	// intraNamespace allows all flows among the pods of one namespace. Omitted:
	// true.
	// +optional
	IntraNamespace *bool `json:"intraNamespace,omitempty"`

	// apiServer lets every pod of every tenant reach the apiserver. Omitted: none.
	// +optional
	APIServer *APIServer `json:"apiServer,omitempty"`

	// monitoring admits a monitoring system to every pod of every tenant. Omitted:
	// none.
	// +optional
	Monitoring *Monitoring `json:"monitoring,omitempty"`
}

// DNS says where names are resolved.
type DNS struct {
	// namespace of the resolver's pods. Omitted: kube-system.
	// +optional
	Namespace string `json:"namespace,omitempty"`

	// pods are the resolver's pods. Omitted: k8s-app=kube-dns.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// port of the resolver's pods, over UDP and TCP. Omitted: 53.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// nodeLocal: true adds a NodeLocal DNSCache on the pod's own node: the entity
	// host, and the pods k8s-app=node-local-dns beside the resolver. Omitted: false.
	// +optional
	NodeLocal bool `json:"nodeLocal,omitempty"`

	// hostNetwork: true adds the nodes, the entities host and remote-node, for resolver
	// pods that use hostNetwork: no policy selects such pods by their labels. The port is
	// then open at every node and every other hostNetwork pod. Omitted: false, and
	// resolver pods of the build with hostNetwork are an error.
	// +optional
	HostNetwork bool `json:"hostNetwork,omitempty"`

	// names are the names and patterns that pods may ask for, besides those their
	// flows use. Any name ("*") is a way out for data, which is said. Omitted:
	// ["*"].
	// +optional
	// +kubebuilder:validation:MinItems=1
	Names []string `json:"names,omitempty"`
}

// APIServer lets pods reach the apiserver.
type APIServer struct {
	// ports of the apiserver, over TCP. Omitted: those of cluster.apiServer or else
	// [443, 6443], since the port that is decided on is the apiserver's own and not its
	// Service's.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=65535
	Ports []int32 `json:"ports,omitempty"`
}

// Monitoring admits a monitoring system.
type Monitoring struct {
	// namespace of the monitoring pods.
	Namespace string `json:"namespace"`
	// pods that scrape. Omitted: all pods of the namespace.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
	// ports that are scraped, on the tenants' pods. Omitted: every port, which is a warning.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`
}

// EgressPoint is a set of pods through which tenants reach the outside.
type EgressPoint struct {
	// name that a Tenant's via refers to.
	Name string `json:"name"`
	// namespace of the pods. It must be a tenant's, or nothing would be closed there.
	Namespace string `json:"namespace"`
	// pods that open the connections. Omitted: all pods of the namespace.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
}

// EgressProxyPods is the way to names where policies know none.
type EgressProxyPods struct {
	// namespace of the proxy's pods. Where it is a tenant's, the proxy is let out to the
	// world on the ports that flows to fqdns say; else nothing is closed around it.
	Namespace string `json:"namespace"`
	// pods of the proxy. Omitted: all pods of the namespace.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
	// port of the proxy's pods, over TCP, not of a Service.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
}

// EdgeProxyPods is the shared way in for telemetry agents.
type EdgeProxyPods struct {
	// namespace of the proxy's pods. It must be a tenant's.
	Namespace string `json:"namespace"`
	// pods of the proxy. Omitted: all pods of the namespace.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
	// ports of the proxy that agents may reach. A tenant with proxyPorts has some of them
	// for its own agents, and where all tenants that the proxy serves do, no other is
	// open. Omitted: the tenants' proxyPorts, and those of the pods that it serves, which
	// then must be numbers.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`
	// cidrs are the networks from which agents may reach the proxy, unless a tenant with
	// proxyPorts says its own.
	// +kubebuilder:validation:MinItems=1
	CIDRs []string `json:"cidrs"`
}

// AllTenantsFlows holds flows of every tenant that has the pods.
type AllTenantsFlows struct {
	// ingress flows, as in a Tenant. Omitted: none.
	// +optional
	Ingress []IngressFlow `json:"ingress,omitempty"`
	// egress flows, as in a Tenant. Omitted: none.
	// +optional
	Egress []EgressFlow `json:"egress,omitempty"`
}
