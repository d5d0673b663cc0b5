package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// NodePolicy is what some nodes may do, in host policies: cluster-wide policies of Cilium
// about nodes and all that runs in their own network, as the kubelet, hostNetwork pods
// and whoever logs in. They need cni: Cilium, the host firewall in its agents
// (hostFirewall.enabled), and care: in Enforce, what no flow says is closed, and can cut a
// node off from the cluster and from you. Each entry is warned about.
type NodePolicy struct {
	// name is a DNS label, unique among nodes: policies are named after it.
	Name string `json:"name"`

	// nodeSelector selects the nodes by their labels, at least by one. Cilium keeps some
	// labels of a node to itself (kubernetes.io/hostname, topology.kubernetes.io/…),
	// which is an error: give the nodes one of your own.
	NodeSelector metav1.LabelSelector `json:"nodeSelector"`

	// enforcement is AllowOnly (allows only: nothing is closed) or Enforce (a default-deny, but
	// only in the directions in which this entry has flows: one with ingress alone leaves
	// egress as it is). Omitted: AllowOnly, whatever the profile's enforcement is.
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// ingress says who may reach the nodes, in a Tenant's own words but for pods, http and
	// a peer of pods alone, which are errors: a node has no pods of its own, and Cilium
	// looks into no HTTP there. The profile is trusted: no flow needs a limit or anybody's
	// consent. Where a peer's pods are fenced, they are let out to the nodes on these
	// ports: to every node, since policies about pods cannot tell nodes apart, which is
	// said. Omitted: nothing is said of ingress, and it is never closed.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ingress []IngressFlow `json:"ingress,omitempty"`

	// egress says what the nodes may reach, as ingress does; via and tls are errors too.
	// dns, and the names of fqdns, are looked into in Enforce: names that nodes ask another
	// server for than the baseline's need a flow with dns to that server. Where a peer's
	// pods are fenced, they admit every node. dns and names need Cilium 1.17. Omitted:
	// egress is never denied.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Egress []EgressFlow `json:"egress,omitempty"`
}
