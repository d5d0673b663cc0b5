package v1alpha1

// Cluster declares what enforces policies in the cluster, and the addresses of the cluster.
type Cluster struct {
	// cni is Cilium, or Kubernetes for Calico and every other enforcer of NetworkPolicy.
	CNI CNI `json:"cni"`

	// ciliumVersion is the minor version of the agents, "1.14" to "1.20". It is in quotes: unquoted
	// 1.20 is the number 1.2. The generated policies work in this version, and a field that it does
	// not support is an error. Below 1.16, every allow policy also isolates the pods that it
	// selects, so a namespace in AllowOnly gets no policies. Required with cni: Cilium. Do not set
	// it with cni: Kubernetes.
	// +optional
	CiliumVersion string `json:"ciliumVersion,omitempty"`

	// name is Cilium's cluster.name. It is written into peers, so that a pod of another
	// cluster of the mesh never matches. Only with cni: Cilium. Omitted: peers name no
	// cluster.
	// +optional
	Name string `json:"name,omitempty"`

	// ciliumConfig sets agent settings: keys of the ConfigMap cilium-config, verbatim.
	// docs/proof.md lists the keys that policies depend on; other keys have no effect. A
	// ConfigMap cilium-config among the resources is also read, and must not contradict it.
	// Only with cni: Cilium. Omitted keys: the default of the Helm chart, which reports list
	// as assumed.
	// +optional
	CiliumConfig map[string]string `json:"ciliumConfig,omitempty"`

	// podCIDRs are the address ranges of the pods. A NetworkPolicy matches pods by address as well.
	// So the function excludes these ranges from every ipBlock that it generates for cidrs and for
	// the entity world. Cilium matches no pod, Service or node by its address. With either cni, a
	// flow must not have cidrs within these ranges. Required with cni: Kubernetes and with
	// policies: Both. Omitted: unknown.
	// +optional
	// +kubebuilder:validation:MinItems=1
	PodCIDRs []string `json:"podCIDRs,omitempty"`

	// serviceCIDRs are the address ranges of the Services, and are excluded like podCIDRs.
	// Omitted: unknown, and with cni: Kubernetes the entity world is an error.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ServiceCIDRs []string `json:"serviceCIDRs,omitempty"`

	// nodeCIDRs are the address ranges of the nodes, and are excluded like podCIDRs. In
	// NetworkPolicies they represent the entities host and remote-node, so no pod may have such an
	// address. Include the address of a NodeLocal DNSCache (169.254.20.10/32) if the cluster has
	// one. Omitted: unknown, and a NetworkPolicy that needs them is an error.
	// +optional
	// +kubebuilder:validation:MinItems=1
	NodeCIDRs []string `json:"nodeCIDRs,omitempty"`

	// tunnelCIDRs are the addresses from which nodes reach pods over an overlay (VXLAN, IP-in-IP),
	// such as those of Calico's interfaces vxlan.calico and tunl0. They lie within podCIDRs, but no
	// pod has one of them. In NetworkPolicies they represent nodes, in addition to nodeCIDRs. If
	// the apiserver runs on nodes, list their addresses in apiServer.cidrs, too. [] declares that
	// nodes reach pods from nodeCIDRs only. Omitted: unknown, and a flow from nodes to pods is an
	// error in a NetworkPolicy.
	// +optional
	TunnelCIDRs []string `json:"tunnelCIDRs,omitempty"`

	// apiServer declares the addresses of the apiserver, for NetworkPolicies. Omitted:
	// unknown, and a NetworkPolicy that needs them is an error.
	// +optional
	APIServer *APIServerAddresses `json:"apiServer,omitempty"`
}

// APIServerAddresses declares the addresses of the apiserver.
type APIServerAddresses struct {
	// cidrs are the apiserver's own addresses, behind its Service: those of the nodes that it
	// runs on, or of its load balancer.
	// +kubebuilder:validation:MinItems=1
	CIDRs []string `json:"cidrs"`

	// ports are the ports on which the apiserver listens there, over TCP. They are the default
	// ports of a flow to the apiserver. Omitted: [443, 6443].
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=65535
	Ports []int32 `json:"ports,omitempty"`
}

// CNI is what enforces policies in the cluster.
// +kubebuilder:validation:Enum=Cilium;Kubernetes
type CNI string

// The enforcers.
const (
	CNICilium CNI = "Cilium"
	// CNIKubernetes is Calico, or any other enforcer of NetworkPolicy.
	CNIKubernetes CNI = "Kubernetes"
)

// PolicyForm is the kind of the generated policies.
// +kubebuilder:validation:Enum=Cilium;Kubernetes;Both
type PolicyForm string

// The forms.
const (
	// PoliciesCilium are CiliumNetworkPolicies.
	PoliciesCilium PolicyForm = "Cilium"
	// PoliciesKubernetes are NetworkPolicies.
	PoliciesKubernetes PolicyForm = "Kubernetes"
	// PoliciesBoth are CiliumNetworkPolicies and, for each that a NetworkPolicy can express, that
	// NetworkPolicy too.
	PoliciesBoth PolicyForm = "Both"
)
