package v1alpha1

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// setDefaults sets the defaults of omitted fields.
func (n *NodePolicy) setDefaults() {
	setDefault(&n.Enforcement, AllowOnly)
	setFlowProtocols(n.Ingress, n.Egress)
}

// validateNodes validates the flows of nodes.
func (s *FenceProfileSpec) validateNodes(at *field.Path) field.ErrorList {
	if len(s.Nodes) > 0 && (s.Cluster.CNI == CNIKubernetes || s.Policies == PoliciesKubernetes) {
		return field.ErrorList{field.Forbidden(at, "are host policies, which require cni: Cilium, and policies: Cilium or Both: remove them")}
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
	errs = append(errs, errorIf(len(n.NodeSelector.MatchLabels)+len(n.NodeSelector.MatchExpressions) == 0, field.Required(at.Child("nodeSelector"), "{} selects every node, and a mistake would cut all of them off: select the intended nodes by a label"))...)
	errs = append(errs, errorIf(len(n.Ingress)+len(n.Egress) == 0, field.Required(at, "an entry without flows has no effect: set ingress or egress"))...)
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
		errs = append(errs, errorIf(f.Via != "", field.Forbidden(at.Child("via"), "is not supported for nodes, which connect directly: remove it"))...)
		errs = append(errs, errorIf(f.TLS != nil, field.Forbidden(at.Child("tls"), "is not supported for nodes, because host policies inspect only DNS: remove it, which allows every connection"))...)
		errs = append(errs, validateNodePeers(f.To, at.Child("to"))...)
	}
	return errs
}

// forbidPodFields refuses fields that a flow of nodes cannot have.
func forbidPodFields(pods *metav1.LabelSelector, http []HTTPRule, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	errs = append(errs, errorIf(pods != nil, field.Forbidden(at.Child("pods"), "is not supported for nodes, which nodeSelector selects: remove it"))...)
	errs = append(errs, errorIf(len(http) > 0, field.Forbidden(at.Child("http"), "is not supported for nodes, because host policies have no HTTP rules: remove it, which allows every request"))...)
	return errs
}

// validateNodePeers refuses peers that are relative to the flow's own tenant.
func validateNodePeers(peers []Peer, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range peers {
		p, at := &peers[i], at.Index(i)
		errs = append(errs, errorIf(p.Pods != nil && len(p.kinds()) == 0, field.Forbidden(at.Child("pods"), "without another field selects pods of the flow's own tenant, and nodes have none: add tenant or namespace"))...)
		for kind, set := range map[string]bool{"children": p.Children, "parent": p.Parent} {
			errs = append(errs, errorIf(set, field.Forbidden(at.Child(kind), "is relative to the flow's own tenant, and nodes have none: name the Tenant with tenant"))...)
		}
		errs = append(errs, errorIf(p.Service != "" && !strings.Contains(p.Service, "/"), field.Invalid(at.Child("service"), p.Service, "has no namespace, and nodes have none: write NAMESPACE/"+p.Service))...)
	}
	return errs
}
