package draft

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

type referenceGrant struct {
	Spec struct {
		From []struct {
			Group     string `json:"group"`
			Kind      string `json:"kind"`
			Namespace string `json:"namespace"`
		} `json:"from"`
		To []struct {
			Group string `json:"group"`
			Kind  string `json:"kind"`
			Name  string `json:"name"`
		} `json:"to"`
	} `json:"spec"`
}

// isGranted reports whether a ReferenceGrant allows a route to name a Service of another namespace.
func (b *build) isGranted(route *yaml.RNode, to backend) bool {
	return slices.ContainsFunc(b.ofKind(gatewayGroup, "ReferenceGrant"), func(n *yaml.RNode) bool {
		grant := decode[referenceGrant](n).Spec
		if n.GetNamespace() != to.namespace {
			return false
		}
		for _, from := range grant.From {
			if from.Group != gatewayGroup || from.Kind != route.GetKind() || from.Namespace != route.GetNamespace() {
				continue
			}
			for _, t := range grant.To {
				if t.Group == "" && t.Kind == "Service" && (t.Name == "" || t.Name == to.name) {
					return true
				}
			}
		}
		return false
	})
}
