package v1alpha1

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// setDefaults fills in what is omitted.
func (n *NodePolicy) setDefaults() {
	setDefault(&n.Enforcement, AllowOnly)
	setFlowProtocols(n.Ingress, n.Egress)
}

// validateNodes validates what nodes may do.
func (s *FenceProfileSpec) validateNodes(at *field.Path) field.ErrorList {
	if len(s.Nodes) > 0 && (s.Cluster.CNI == CNIKubernetes || s.Policies == PoliciesKubernetes) {
		return field.ErrorList{field.Forbidden(at, "are host policies, which are Cilium's alone: they need cni: Cilium, and policies: Cilium or Both; remove them")}
	}
	var errs field.ErrorList
	seen := unique{}
	for i := range s.Nodes {
		n, at := &s.Nodes[i], at.Index(i)
		errs = append(errs, seen.name(n.Name, at.Child("name"))...)
		errs = append(errs, n.validate(at)...)
	}
	return errs
}

func (n *NodePolicy) validate(at *field.Path) field.ErrorList {
	errs := validateName(n.Name, at.Child("name"))
	errs = append(errs, validateSelector(&n.NodeSelector, at.Child("nodeSelector"))...)
	if len(n.NodeSelector.MatchLabels)+len(n.NodeSelector.MatchExpressions) == 0 {
		errs = append(errs, field.Required(at.Child("nodeSelector"), "as {}, it selects every node, and a mistake would cut off all of them at once: give the nodes that are meant a label"))
	}
	if len(n.Ingress)+len(n.Egress) == 0 {
		errs = append(errs, field.Required(at, "say ingress or egress: an entry without flows allows nothing and closes nothing"))
	}
	errs = append(errs, validateFlows(n.Ingress, n.Egress, unique{}, at)...)
	errs = append(errs, forbidFullMesh(n.Ingress, n.Egress, at)...)
	for i := range n.Ingress {
		f, at := &n.Ingress[i], at.Child("ingress").Index(i)
		errs = append(errs, forbidPodFields(f.Pods, f.HTTP, at)...)
		errs = append(errs, validateNodePeers(f.From, at.Child("from"))...)
	}
	for i := range n.Egress {
		f, at := &n.Egress[i], at.Child("egress").Index(i)
		errs = append(errs, forbidPodFields(f.Pods, f.HTTP, at)...)
		if f.Via != "" {
			errs = append(errs, field.Forbidden(at.Child("via"), "is not for nodes, which open their connections themselves: remove it"))
		}
		if f.TLS != nil {
			errs = append(errs, field.Forbidden(at.Child("tls"), "is not for nodes, since Cilium looks into nothing but DNS in host policies: leave it out, and every connection passes"))
		}
		errs = append(errs, validateNodePeers(f.To, at.Child("to"))...)
	}
	return errs
}

// forbidPodFields refuses what a flow of nodes cannot say.
func forbidPodFields(pods *metav1.LabelSelector, http []HTTPRule, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	if pods != nil {
		errs = append(errs, field.Forbidden(at.Child("pods"), "is not for nodes, which have no pods of their own: nodeSelector says which nodes are meant, so remove it"))
	}
	if len(http) > 0 {
		errs = append(errs, field.Forbidden(at.Child("http"), "is not for nodes, since Cilium takes no HTTP rules in host policies: leave it out, and every request passes"))
	}
	return errs
}

// validateNodePeers refuses peers that mean the flow's own tenant.
func validateNodePeers(peers []Peer, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range peers {
		p, at := &peers[i], at.Index(i)
		if p.Pods != nil && len(p.kinds()) == 0 {
			errs = append(errs, field.Forbidden(at.Child("pods"), "alone are a tenant's own, and nodes are no tenant: say of which tenant or namespace"))
		}
		if p.Service != "" && !strings.Contains(p.Service, "/") {
			errs = append(errs, field.Invalid(at.Child("service"), p.Service, "is in no namespace, and nodes are in none: write namespace/"+p.Service))
		}
	}
	return errs
}
