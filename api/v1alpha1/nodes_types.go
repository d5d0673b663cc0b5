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
