package draft

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

type referenceGrant struct {
	From []struct{ Group, Kind, Namespace string }
	To   []struct{ Group, Kind, Name string }
}

// isGranted reports whether a ReferenceGrant allows a route to name a Service of another namespace.
func (b *build) isGranted(route *yaml.RNode, to backend) bool {
	return slices.ContainsFunc(b.ofKind(gatewayGroup, "ReferenceGrant"), func(n *yaml.RNode) bool {
		grant := decode[referenceGrant](at(n, "spec"))
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
