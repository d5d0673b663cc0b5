package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	// docs/reference/agent-settings.md lists the keys that policies depend on; other keys have no effect. A
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

// ClusterHostname lists public names that resolve to addresses of this cluster: those of a
// Service, or of Cilium's own Gateway. Exactly one of service and entity is set.
type ClusterHostname struct {
	// fqdns are names and patterns, as in the fqdns of a peer. Names of the cluster's own DNS
	// are an error.
	// +kubebuilder:validation:MinItems=1
	FQDNs []string `json:"fqdns"`

	// service is "namespace/name" of the Service that the names resolve to. It must be in the
	// build or among its external resources, and must select pods. Omitted: entity is set.
	// +optional
	Service string `json:"service,omitempty"`

	// tenant is the Tenant whose pods the Service selects. All of the pods must belong to it,
	// and their containers must declare the target ports of the Service. It is required if the
	// Service is in one of sharedNamespaces, where any tenant of the namespace may write the
	// Service. Elsewhere it may only be the tenant of the namespace. Omitted: that tenant, if
	// the namespace has one.
	// +optional
	Tenant string `json:"tenant,omitempty"`

	// entity is ingress if the names resolve to Cilium's own Gateway or Ingress, whose Service
	// selects no pods. A flow to the names becomes a flow to this entity, on the flow's ports.
	// Cilium's proxy then enforces policies again for the pods behind the routes, on their own
	// ports: a Tenant declares flows to these pods as well. Only with cni: Cilium. Omitted:
	// service is set.
	// +optional
	Entity Entity `json:"entity,omitempty"`
}

// NodePolicy declares the flows of some nodes. It becomes host policies: cluster-wide policies
// of Cilium that select nodes and everything in their network namespace, such as the kubelet,
// hostNetwork pods and login sessions. Host policies need cni: Cilium and the host firewall of
// its agents (hostFirewall.enabled). In Enforce, every undeclared flow is denied, which can cut
// a node off from the cluster and from its administrators. Each entry is reported as a warning.
type NodePolicy struct {
	// name is a DNS label of at most 63 characters, unique among nodes. Policies are named
	// after it.
	Name string `json:"name"`

	// nodeSelector selects the nodes by at least one of their labels. Labels that Cilium
	// excludes from a node's identity (kubernetes.io/hostname, topology.kubernetes.io/…) are
	// an error: add a label of your own to the nodes.
	NodeSelector metav1.LabelSelector `json:"nodeSelector"`

	// enforcement is AllowOnly (allows are generated, nothing is denied) or Enforce (default-deny,
	// but only in the directions in which the entry has flows). An entry that has only ingress
	// flows never denies egress. Omitted: AllowOnly. The profile's enforcement does not apply to
	// nodes.
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// ingress are the flows to the nodes, written as in a Tenant. Do not set pods or http, and do
	// not write a peer that has only pods: a node has no pods of its own, and host policies have no
	// HTTP rules. The flows need neither limits nor consent, because the profile is trusted. If a
	// tenant owns the pods of a peer, the function also generates their egress policy, on these
	// ports. That policy allows every node, because policies of pods cannot distinguish nodes. A
	// finding reports it. Omitted: ingress is never denied.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ingress []IngressFlow `json:"ingress,omitempty"`

	// egress are the flows from the nodes. The rules for ingress apply; via and tls are not
	// supported either. In Enforce, DNS queries for dns and fqdns go through Cilium's DNS proxy. If
	// nodes use another DNS server than baseline.dns, declare a flow with dns to that server. If a
	// tenant owns the pods of a peer, their ingress policy allows every node. dns and fqdns need
	// Cilium 1.17. Omitted: egress is never denied.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Egress []EgressFlow `json:"egress,omitempty"`
}
