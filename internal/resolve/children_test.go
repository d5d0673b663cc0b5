package resolve_test

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resolve"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestManyChildren checks that the time for children does not grow with the product of Tenants, names
// and patterns. It takes less than a second; to compare each name with each other one for each
// Tenant would take minutes.
func TestManyChildren(t *testing.T) {
	t.Parallel()
	const n = 2000
	in := inputs(t, "", "")
	children := v1alpha1.ChildTenants{Parent: "acme"}
	for i := range n {
		name := fmt.Sprintf("customer-%d", i)
		children.Names = append(children.Names, name)
		in.Tenants = append(in.Tenants, resource.Tenant{Ref: report.Ref{Kind: v1alpha1.KindTenant, Name: name}, Path: field.NewPath("spec"), Name: name})
	}
	in.Profile.Spec.Tenants.Children = []v1alpha1.ChildTenants{children, {Parent: "acme", Names: []string{"customer-*"}}}
	in.Profile.Spec.Tenants.NamespacePattern = "tenant-{name}"
	start := time.Now()
	fence, findings := resolve.Resolve(in, &resource.Index{WithoutResources: true})
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %s", took)
	}
	if findings.HasError() || len(fence.Tenants) != n+2 {
		t.Errorf("%d Tenants, %v", len(fence.Tenants), findings)
	}
	t.Log(time.Since(start))
}
