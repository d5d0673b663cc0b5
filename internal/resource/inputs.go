package resource

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// Inputs are the resources of this project's own kinds, decoded and valid.
type Inputs struct {
	Fence    v1alpha1.TenantFence
	FenceRef report.Ref
	Profile  Profile
	Tenants  []Tenant
	// UnreadableTenants are the names of the Tenants that are refused already: nothing is known
	// of what they say.
	UnreadableTenants []string
	FlowTests         []FlowTest
}

// Mesh reports whether the profile or a FlowTest names clusters of a mesh.
func (in *Inputs) Mesh() bool {
	if in.Profile.Spec.Cluster.Name != "" {
		return true
	}
	for _, t := range in.FlowTests {
		for _, c := range t.Test.Spec.Cases {
			for _, endpoint := range []string{c.From, c.To} {
				if f, err := v1alpha1.ParseEndpoint(endpoint); err == nil && f.Form == v1alpha1.ClusterForm {
					return true
				}
			}
		}
	}
	return false
}

// Profile is a FenceProfile's spec and where it stands: Path is that of the spec.
type Profile struct {
	Ref  report.Ref
	Path *field.Path
	Spec v1alpha1.FenceProfileSpec
}

// Tenant is a Tenant's spec and where it stands: Path is that of the spec.
type Tenant struct {
	Name string
	Ref  report.Ref
	Path *field.Path
	Spec v1alpha1.TenantSpec
	// Source is that of a resource. Omitted for one in the TenantFence.
	Source Source
}

// FlowTest and where it stands.
type FlowTest struct {
	Ref  report.Ref
	Test v1alpha1.FlowTest
}
