package v1alpha1

// Cluster says which enforcer decides, and how it knows this cluster.
type Cluster struct {
	// cni is Cilium or, for Calico and every other enforcer of NetworkPolicy, Kubernetes.
	CNI CNI `json:"cni"`

	// ciliumVersion is the minor version of the agents, "1.14" to "1.20", in quotes:
	// unquoted 1.20 is the number 1.2. What is generated fits this version, and what it
	// does not have is an error. Below 1.16 an allow isolates by itself, so nothing is
	// generated for a namespace in AllowOnly. Required with cni: Cilium, and only for it.
	// +optional
	CiliumVersion string `json:"ciliumVersion,omitempty"`

	// name is Cilium's cluster.name. It is written into peers, so that a pod of
	// another cluster of the mesh never matches. Only with cni: Cilium. Omitted: peers
	// name no cluster.
	// +optional
	Name string `json:"name,omitempty"`

	// ciliumConfig holds keys of the ConfigMap cilium-config verbatim: how the agents are
	// configured, as far as policies depend on it (docs/proof.md lists the keys). Keys that
	// policies do not depend on have no effect. A ConfigMap cilium-config among the resources
	// is read, too, and must not contradict it. Only with cni: Cilium. Omitted keys: the
	// default of the Helm chart, which reports list as assumed.
	// +optional
	CiliumConfig map[string]string `json:"ciliumConfig,omitempty"`

	// podCIDRs are the ranges of the pods' addresses. A NetworkPolicy matches pods by
	// their addresses too, so these are taken out of every network that a flow names:
	// cidrs and world lie outside the cluster. Cilium matches no pod, Service or node by its
	// address: with any cni, a network that lies within these ranges is an error. Required
	// with cni: Kubernetes.
	// +optional
	// +kubebuilder:validation:MinItems=1
	PodCIDRs []string `json:"podCIDRs,omitempty"`

	// serviceCIDRs are the ranges of the Services' addresses, and taken out likewise.
	// Omitted: not known, and with cni: Kubernetes the entity world is an error.
	// +optional
	// +kubebuilder:validation:MinItems=1
	ServiceCIDRs []string `json:"serviceCIDRs,omitempty"`

	// nodeCIDRs are the ranges of the nodes' addresses, and taken out likewise. In
	// NetworkPolicies they stand for the entities host and remote-node, so no pod may
	// have such an address; that of a NodeLocal DNSCache, 169.254.20.10/32, is one.
	// Omitted: not known, and whatever needs them in a NetworkPolicy is an error.
	// +optional
	// +kubebuilder:validation:MinItems=1
	NodeCIDRs []string `json:"nodeCIDRs,omitempty"`

	// tunnelCIDRs are the addresses from which nodes reach pods over an overlay (VXLAN,
	// IP-in-IP), as those of Calico's interfaces vxlan.calico and tunl0. They lie in podCIDRs,
	// and no pod has one. In NetworkPolicies they stand for nodes beside nodeCIDRs; where the
	// apiserver runs on nodes, list theirs in apiServer.cidrs, too. [] declares that nodes
	// reach pods from nodeCIDRs alone. Omitted: not known, and a flow from nodes to pods is
	// an error in a NetworkPolicy.
	// +optional
	TunnelCIDRs []string `json:"tunnelCIDRs,omitempty"`

	// apiServer says where the apiserver is, for NetworkPolicies. Omitted: not known, and
	// whatever needs it in one is an error.
	// +optional
	APIServer *APIServerAddresses `json:"apiServer,omitempty"`
}

// APIServerAddresses say where the apiserver is.
type APIServerAddresses struct {
	// cidrs are the apiserver's own addresses, behind its Service: those of the nodes
	// that it runs on, or of its load balancer.
	// +kubebuilder:validation:MinItems=1
	CIDRs []string `json:"cidrs"`

	// ports on which it listens there, over TCP: those of a flow to it that says none.
	// Omitted: [443, 6443].
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
	// PoliciesBoth are CiliumNetworkPolicies, with a NetworkPolicy beside each that can be
	// said in one.
	PoliciesBoth PolicyForm = "Both"
)
