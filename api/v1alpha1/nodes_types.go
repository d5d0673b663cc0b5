package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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

	// enforcement is AllowOnly (allows are generated, nothing is denied) or Enforce
	// (default-deny, but only in the directions in which the entry has flows). An entry with
	// ingress only never denies egress. Omitted: AllowOnly, whatever the profile's enforcement
	// is.
	// +optional
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// ingress are the flows to the nodes, written as in a Tenant. pods, http and a peer of
	// pods alone are errors: a node has no pods of its own, and Cilium does not inspect HTTP
	// in host policies. The flows need neither limits nor consent, because the profile is
	// trusted. If the pods of a peer are fenced, their egress to the nodes is allowed on these
	// ports. It is allowed to every node, because policies on pods cannot distinguish nodes,
	// and this is reported. Omitted: ingress is never denied.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Ingress []IngressFlow `json:"ingress,omitempty"`

	// egress are the flows from the nodes, written as ingress. via and tls are errors too. In
	// Enforce, dns and the names of fqdns are inspected: names that nodes query at another
	// server than the baseline's need a flow with dns to that server. If the pods of a peer
	// are fenced, they allow ingress from every node. dns and fqdns need Cilium 1.17.
	// Omitted: egress is never denied.
	// +optional
	// +kubebuilder:validation:MinItems=1
	Egress []EgressFlow `json:"egress,omitempty"`
}
