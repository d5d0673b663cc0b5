package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FenceProfile describes the cluster, and limits what a Tenant may declare. The platform team
// writes it, and the function trusts it.
//
// +kubebuilder:object:root=true
type FenceProfile struct {
	metav1.TypeMeta `json:",inline"`
	// metadata.name is the name of the profile, for the profileName of a TenantFence.
	metav1.ObjectMeta `json:"metadata"`

	Spec FenceProfileSpec `json:"spec"`
}

// FenceProfileSpec is the body of a FenceProfile, and of a TenantFence's inline profile.
type FenceProfileSpec struct {
	// cluster declares what enforces policies in the cluster, and the addresses of the
	// cluster.
	Cluster Cluster `json:"cluster"`

	// policies is the form of the generated policies.
	//
	// Cilium generates CiliumNetworkPolicies, and needs cni: Cilium.
	//
	// Kubernetes generates NetworkPolicies, which support no names, no entities and no L7
	// rules. A NetworkPolicy always isolates the pods that it selects, so nothing is generated
	// for a namespace in AllowOnly.
	//
	// Both generates CiliumNetworkPolicies, each with a NetworkPolicy if it has a NetworkPolicy
	// form, in preparation for another enforcer. It needs cni: Cilium. Findings of each build list
	// where a NetworkPolicy would allow more or less. A flow with http or dns is an error, because
	// its NetworkPolicy would allow all traffic on the ports.
	//
	// Omitted: Cilium with cni: Cilium, else Kubernetes.
	// +optional
	Policies PolicyForm `json:"policies,omitempty"`

	// scope is Namespace or Cluster.
	//
	// Namespace: every policy is in a namespace of a tenant.
	//
	// Cluster: the default-deny and the baseline's dns, apiServer and monitoring are cluster-wide
	// policies, at most five for any number of tenants. In Enforce, every namespace of the cluster
	// is default-denied, and only the baseline is allowed there. This includes namespaces without
	// labels, and namespaces that are created later. Not default-denied are: namespaces of tenants
	// in AllowOnly, excludedNamespaces, sharedNamespaces, and kube-system, kube-public and
	// kube-node-lease if no Tenant has them. Every other namespace of the build must have a Tenant.
	// Cluster needs Cilium 1.16, and only one fence in the cluster.
	//
	// Omitted: Namespace.
	// +optional
	Scope Scope `json:"scope,omitempty"`

	// enforcement applies to every tenant that does not set its own. Omitted: AllowOnly, which
	// is reported.
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// tenants declares which names and namespaces a Tenant may have. Omitted: the pattern
	// "tenant-{name}" and no claims.
	// +optional
	Tenants TenantRules `json:"tenants,omitempty"`

	// sharedNamespaces are namespaces that several Tenants may have, each with spec.pods. With
	// either scope, pods that no Tenant selects stay unfenced there. tenants.claims or
	// tenants.namespacePattern must still give the namespace to each of its Tenants. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	SharedNamespaces []string `json:"sharedNamespaces,omitempty"`

	// excludedNamespaces are never fenced: no Tenant may claim one. Omitted: none.
	// +optional
	ExcludedNamespaces []ExcludedNamespace `json:"excludedNamespaces,omitempty"`

	// baseline is what the pods of every tenant may do. Omitted: DNS, and the flows within each
	// namespace.
	// +optional
	Baseline Baseline `json:"baseline,omitempty"`

	// egressPoints are pods through which tenants connect to destinations outside the cluster,
	// by the via of their flows. Omitted: none.
	// +optional
	EgressPoints []EgressPoint `json:"egressPoints,omitempty"`

	// egressProxy is the proxy through which tenants reach names where a NetworkPolicy supports
	// none. Pods of tenants may reach the proxy. The proxy allows the names in the ConfigMap
	// tenantfence-egress-names of its namespace, which must not be shared. Only with policies:
	// Kubernetes or Both. Omitted: with policies: Kubernetes, do not use fqdns; with Both, such a
	// flow has no NetworkPolicy.
	// +optional
	EgressProxy *EgressProxyPods `json:"egressProxy,omitempty"`

	// edgeProxy is the shared proxy for telemetry agents: agentIngress with mode EdgeProxy.
	// Omitted: that mode is an error.
	// +optional
	EdgeProxy *EdgeProxyPods `json:"edgeProxy,omitempty"`

	// clusterHostnames are public names that resolve to addresses of this cluster: those of a
	// Service, or of Cilium's own Gateway (entity: ingress). Policies are enforced after the
	// address of a Service is translated, so no rule for names or the world matches these flows. A
	// flow to a name of a Service becomes a flow to its pods. ports of the flow are ports of the
	// Service, and the policy has their target ports. A flow to a name of the Gateway becomes one
	// to the entity ingress, on the flow's ports. These flows need neither limits.namespaces nor
	// consent. Exception: a Service in one of sharedNamespaces (see tenant below). No policy
	// distinguishes several names of one Service: a pod that may reach one of them reaches
	// everything that the Service serves on these ports. If several entries have a name, all of
	// them apply. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ClusterHostnames []ClusterHostname `json:"clusterHostnames,omitempty"`

	// allTenants declares flows for every tenant, as in a Tenant. A flow does not apply to a tenant
	// without the pods that it selects. These flows need no limits. They need no consent either, with two
	// exceptions: the peers anyTenant and namespaceLabels: {} without fullMesh: true, and a Service
	// in a shared namespace. Omitted: none.
	// +optional
	AllTenants AllTenantsFlows `json:"allTenants,omitempty"`

	// nodes are host policies: the flows from and to nodes. Only with cni: Cilium. A NetworkPolicy
	// cannot express host policies; with policies: Both, a finding reports that. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Nodes []NodePolicy `json:"nodes,omitempty"`

	// limits bounds what a Tenant may declare. Omitted: flows within its own namespaces and
	// with tenants that consent.
	// +optional
	Limits Limits `json:"limits,omitempty"`

	// undecidedKinds are kinds of resources that affect traffic and that the proof does not decide.
	// A build may contain them, each with a reason. The proof then assumes that these resources do
	// not change what is allowed. Every report lists them. Omitted: such a resource is an error.
	// +optional
	// +kubebuilder:validation:MinItems=1
	UndecidedKinds []UndecidedKind `json:"undecidedKinds,omitempty"`

	// forbiddenPaths are paths that the connections of the build must not form. The proof decides
	// them as if every tenant were in Enforce, and a path is an error. Omitted: none.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ForbiddenPaths []ForbiddenPath `json:"forbiddenPaths,omitempty"`

	// proofBudget bounds the size of the proof. Omitted: the defaults.
	// +optional
	ProofBudget ProofBudget `json:"proofBudget,omitempty"`

	// overrides change limits and enforcement for some tenants, in order. If two match a
	// tenant, the later one wins, field by field. Omitted: none.
	// +optional
	Overrides []Override `json:"overrides,omitempty"`
}

// Scope is where generated policies are.
// +kubebuilder:validation:Enum=Namespace;Cluster
type Scope string

// The scopes.
const (
	ScopeNamespace Scope = "Namespace"
	ScopeCluster   Scope = "Cluster"
)

// Baseline is what the pods of every tenant may do.
type Baseline struct {
	// dns is the DNS server of the pods. Omitted: the pods k8s-app=kube-dns of kube-system on
	// port 53, over UDP and TCP, for any name.
	// +optional
	DNS DNS `json:"dns,omitempty"`

	// intraNamespace allows all flows among the pods of one namespace. Omitted: true.
	// +optional
	IntraNamespace *bool `json:"intraNamespace,omitempty"`

	// apiServer allows every pod of every tenant to reach the apiserver. Omitted: not allowed.
	// +optional
	APIServer *APIServer `json:"apiServer,omitempty"`

	// monitoring allows a monitoring system to reach every pod of every tenant. Omitted: not
	// allowed.
	// +optional
	Monitoring *Monitoring `json:"monitoring,omitempty"`
}

// DNS is the DNS server that pods use, and the names that they may query.
type DNS struct {
	// namespace is the namespace of the DNS server's pods. Omitted: kube-system.
	// +optional
	Namespace string `json:"namespace,omitempty"`

	// pods selects the DNS server's pods. Omitted: k8s-app=kube-dns.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`

	// port is the container port of the DNS server's pods, over UDP and TCP. Omitted: 53.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// nodeLocal: true adds a NodeLocal DNSCache on the pod's own node. It allows the entity
	// host, and the pods k8s-app=node-local-dns, in addition to the DNS server. Omitted:
	// false.
	// +optional
	NodeLocal bool `json:"nodeLocal,omitempty"`

	// hostNetwork: true adds the nodes (the entities host and remote-node) for DNS server pods
	// with hostNetwork, which no policy selects by labels. It exposes the port on every node
	// and every other hostNetwork pod. Omitted: false, and DNS server pods of the build with
	// hostNetwork are an error.
	// +optional
	HostNetwork bool `json:"hostNetwork,omitempty"`

	// names are the names and patterns that pods may query, in addition to those in their
	// flows. Any name ("*") makes DNS a channel for exfiltration, which is reported. Omitted:
	// ["*"].
	// +optional
	// +kubebuilder:validation:MinItems=1
	Names []string `json:"names,omitempty"`
}

// APIServer allows pods to reach the apiserver.
type APIServer struct {
	// ports are the ports of the apiserver itself, over TCP. Policies are enforced on them, and
	// not on the port of its Service. Omitted: the ports of cluster.apiServer, or else
	// [443, 6443].
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=65535
	Ports []int32 `json:"ports,omitempty"`
}

// Monitoring allows a monitoring system to reach the pods of tenants.
type Monitoring struct {
	// namespace is the namespace of the monitoring pods.
	Namespace string `json:"namespace"`
	// pods selects the pods that scrape. Omitted: all pods of the namespace.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
	// ports are the container ports of the tenants' pods that are scraped. Omitted: every
	// port, which is a warning.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`
}

// EgressPoint is a set of pods through which tenants connect to destinations outside the
// cluster.
type EgressPoint struct {
	// name is the name that a Tenant's via refers to.
	Name string `json:"name"`
	// namespace is the namespace of the pods. It must be a tenant's, because policies isolate
	// only namespaces of tenants.
	Namespace string `json:"namespace"`
	// pods selects the pods that connect. Omitted: all pods of the namespace.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
}

// EgressProxyPods is the proxy for names that policies do not support.
type EgressProxyPods struct {
	// namespace is the namespace of the proxy's pods. If a tenant owns it, the function allows the
	// proxy's egress to the world, on the ports of all flows to fqdns. If not, no policy isolates
	// the proxy.
	Namespace string `json:"namespace"`
	// pods selects the pods of the proxy. Omitted: all pods of the namespace.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
	// port is the container port of the proxy's pods, over TCP, not the port of a Service.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
}

// EdgeProxyPods is the shared proxy for telemetry agents.
type EdgeProxyPods struct {
	// namespace is the namespace of the proxy's pods. It must be a tenant's.
	Namespace string `json:"namespace"`
	// pods selects the pods of the proxy. Omitted: all pods of the namespace.
	// +optional
	Pods *metav1.LabelSelector `json:"pods,omitempty"`
	// ports are the ports of the proxy that agents may reach. A tenant reserves some of them for
	// its agents with proxyPorts. If every tenant behind the proxy sets proxyPorts, agents reach
	// only those ports. Omitted: the proxyPorts of the tenants, and the ports of the pods that it
	// serves, which must be numbers.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ports []Port `json:"ports,omitempty"`
	// cidrs are the networks from which agents may reach the proxy. A tenant with proxyPorts
	// may set its own.
	// +kubebuilder:validation:MinItems=1
	CIDRs []string `json:"cidrs"`
}

// AllTenantsFlows are flows of every tenant that has the pods.
type AllTenantsFlows struct {
	// ingress are the ingress flows, as in a Tenant. Omitted: none.
	// +optional
	Ingress []IngressFlow `json:"ingress,omitempty"`
	// egress are the egress flows, as in a Tenant. Omitted: none.
	// +optional
	Egress []EgressFlow `json:"egress,omitempty"`
}
