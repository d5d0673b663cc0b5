package resolve_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// BenchmarkManyChildren resolves a parent with 2,000 children, each by its name and by a pattern.
func BenchmarkManyChildren(b *testing.B) {
	const n = 2000
	in := inputs(b, "", "")
	children := v1alpha1.ChildTenants{Parent: "acme"}
	for i := range n {
		name := fmt.Sprintf("customer-%d", i)
		children.Names = append(children.Names, name)
		in.Tenants = append(in.Tenants, resource.Tenant{Ref: report.Ref{Kind: v1alpha1.KindTenant, Name: name}, Path: field.NewPath("spec"), Name: name})
	}
	in.Profile.Spec.Tenants.Children = []v1alpha1.ChildTenants{children, {Parent: "acme", Names: []string{"customer-*"}}}
	in.Profile.Spec.Tenants.NamespacePattern = "tenant-{name}"
	for b.Loop() {
		if fence, _, findings := resolve.Resolve(in, &resource.Index{WithoutResources: true}); findings.HasError() || len(fence.Tenants()) != n+2 {
			b.Fatalf("%d Tenants, %v", len(fence.Tenants()), findings)
		}
	}
}
