package resource

import "sigs.k8s.io/kustomize/kyaml/yaml"

// IsGeneratedKind reports whether the function generates resources of an item's kind: a network
// policy, or the ConfigMap of the egress proxy.
func IsGeneratedKind(n *yaml.RNode) bool { return IsPolicy(n) || IsEgressNames(n) }

// FenceOf returns the name of the fence that generated a policy, from its label LabelFence. Only
// this label identifies a generated policy, because kustomize, Helm and Flux set the other
// well-known labels. It is empty for an item without the label, and for a kind that the function
// never generates.
//
// The label is no proof: any author of a policy can set it.
func FenceOf(n *yaml.RNode) string {
	if !IsGeneratedKind(n) {
		return ""
	}
	return n.GetLabels()[LabelFence]
}
