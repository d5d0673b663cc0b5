package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// InSlice returns FlowTests with the cases of a slice: those whose source or destination names one of its
// tenants, or a namespace of one. A case that names no tenant belongs to none.
func (e Endpoints) InSlice(s report.Slice, tests []resource.FlowTest) []resource.FlowTest {
	if s.IsWhole() {
		return tests
	}
	var out []resource.FlowTest
	for _, t := range tests {
		all := t.Test.Spec.Cases
		t.Test.Spec.Cases, t.Positions = nil, nil
		for i, c := range all {
			if slices.ContainsFunc(e.tenantsOf(c), s.Includes) {
				t.Test.Spec.Cases, t.Positions = append(t.Test.Spec.Cases, c), append(t.Positions, i)
			}
		}
		if t.Omitted = len(all) - len(t.Positions); len(t.Positions) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// tenantsOf returns the tenants that a case names. A case that names none has the tenant "".
func (e Endpoints) tenantsOf(c v1alpha1.FlowCase) []string {
	var out []string
	for _, text := range []string{c.From, c.To} {
		f, err := v1alpha1.ParseEndpoint(text)
		if err != nil || f.TenantOrNamespace == "" || f.Form == v1alpha1.ClusterForm {
			continue
		}
		for _, ns := range e.namespaces(f.TenantOrNamespace) {
			for _, t := range e.Fence.TenantsIn(ns) {
				out = append(out, t.Name)
			}
		}
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}
