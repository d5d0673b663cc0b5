package v1alpha1

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// AnyNamespace reports whether the peer is every namespace of the cluster.
func (p *Peer) AnyNamespace() bool { return p.NamespaceLabels != nil && len(p.NamespaceLabels) == 0 }

// AllTenants reports whether the peer includes every tenant of the build.
func (p *Peer) AllTenants() bool { return p.AnyTenant || p.AnyNamespace() }

// forbidFullMesh refuses fullMesh in a Tenant and for nodes, which declare only one side of a
// flow.
func forbidFullMesh(ingress []IngressFlow, egress []EgressFlow, at *field.Path) field.ErrorList {
	return eachFullMesh(ingress, egress, at, func(_ []Peer, at *field.Path) *field.Error {
		return field.Forbidden(at, "is only for flows of the profile's allTenants: remove it, and declare the flow in each tenant on the other side")
	})
}

// validateFullMesh refuses fullMesh on flows whose peers do not include all tenants.
func (e *AllTenantsFlows) validateFullMesh(at *field.Path) field.ErrorList {
	return eachFullMesh(e.Ingress, e.Egress, at, func(peers []Peer, at *field.Path) *field.Error {
		if slices.ContainsFunc(peers, func(p Peer) bool { return p.AllTenants() }) {
			return nil
		}
		return field.Forbidden(at, "has no effect, because no peer of the flow is anyTenant: true or namespaceLabels: {}: remove it, or add such a peer")
	})
}

// eachFullMesh calls check for each flow that sets fullMesh.
func eachFullMesh(ingress []IngressFlow, egress []EgressFlow, at *field.Path, check func([]Peer, *field.Path) *field.Error) field.ErrorList {
	var errs field.ErrorList
	add := func(fullMesh bool, peers []Peer, at *field.Path) {
		if !fullMesh {
			return
		}
		if err := check(peers, at.Child("fullMesh")); err != nil {
			errs = append(errs, err)
		}
	}
	for i, f := range ingress {
		add(f.FullMesh, f.From, at.Child("ingress").Index(i))
	}
	for i, f := range egress {
		add(f.FullMesh, f.To, at.Child("egress").Index(i))
	}
	return errs
}
