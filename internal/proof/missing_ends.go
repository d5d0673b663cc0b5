package proof

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// MissingEnds report what FlowTests name and the build does not have, for a run that stops before the
// proof. It reports nothing that may follow from other errors: about tenants that are read, about
// namespaces if a Tenant has a wrong one, and if something could not be read.
func MissingEnds(in *resource.Inputs, index *resource.Index, fence *policy.Fence, findings report.Findings) report.Findings {
	if index.Partial || index.WithoutResources || len(in.UnreadableTenants) > 0 ||
		slices.ContainsFunc(findings, func(f report.Finding) bool { return f.Check == report.NamespaceNotInBuild }) {
		return nil
	}
	skip := func(name string) bool {
		return slices.ContainsFunc(in.Tenants, func(t resource.Tenant) bool { return t.Name == name })
	}
	return reach.MissingEnds(reach.Endpoints{Index: index, Fence: fence}, in.FlowTests, skip)
}
