package resource

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Inputs are the decoded and valid resources of this project's kinds.
type Inputs struct {
	Fence    v1alpha1.TenantFence
	FenceRef report.Ref
	Profile  Profile
	Tenants  []Tenant
	// UnreadableTenants are the names of Tenants that are already rejected. Their declarations are
	// unknown.
	UnreadableTenants []string
	FlowTests         []FlowTest
	// External are valid ExternalResources.
	External []ExternalResources
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

// Profile is a FenceProfile's spec with its position: Path is the path of the spec.
type Profile struct {
	Ref  report.Ref
	Path *field.Path
	Spec v1alpha1.FenceProfileSpec
}

// Tenant is a Tenant's spec with its position: Path is the path of the spec.
type Tenant struct {
	Name string
	Ref  report.Ref
	Path *field.Path
	Spec v1alpha1.TenantSpec
	// Source is the source of a Tenant resource. Omitted: the Tenant is inline in the TenantFence.
	Source Source
}

// FlowTest is a FlowTest with its position.
type FlowTest struct {
	Ref  report.Ref
	Test v1alpha1.FlowTest
	// Positions are those of its cases in the resource, and Omitted counts the cases that are left out.
	// Omitted: it has all cases.
	Positions []int
	Omitted   int
}

// Position returns the position of a case in the resource.
func (t FlowTest) Position(i int) int {
	if t.Positions == nil {
		return i
	}
	return t.Positions[i]
}
