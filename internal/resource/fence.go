package resource

import "sigs.k8s.io/kustomize/kyaml/yaml"

// IsGeneratedKind reports whether an item is of a kind that the function generates: a network
// policy, or the ConfigMap of the egress proxy.
func IsGeneratedKind(n *yaml.RNode) bool { return IsPolicy(n) || IsEgressNames(n) }

// FenceOf is the name of the fence whose policy an item is, as its label LabelFence
// declares. Nothing else identifies a generated policy: kustomize, Helm and Flux set the
// other well-known labels. It is empty for an item without the label, and for a kind that
// the function never generates, whatever its labels.
//
// The label proves nothing: everybody who writes a policy can write it.
func FenceOf(n *yaml.RNode) string {
	if !IsGeneratedKind(n) {
		return ""
	}
	return n.GetLabels()[LabelFence]
}
