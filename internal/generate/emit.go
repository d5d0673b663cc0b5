package generate

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// CheckSlice refuses a slice of a fence that emits only some Tenants: each run writes a part already.
func CheckSlice(in *resource.Inputs, s report.Slice) error {
	if s.IsWhole() || len(in.Fence.Spec.Emit) == 0 {
		return nil
	}
	return fmt.Errorf("TenantFence %q sets spec.emit, which selects Tenants already, so it has no %s: remove spec.emit, or build all that it emits", in.Fence.Name, strings.TrimSuffix(s.String(), " only"))
}

// RefuseEmit refuses names in spec.emit that do not exist, and policies that no run with spec.emit
// writes.
func RefuseEmit(in *resource.Inputs, w Desired) report.Findings {
	emit := in.Fence.Spec.Emit
	if len(emit) == 0 {
		return nil
	}
	var out report.Findings
	at := field.NewPath("spec", "emit")
	refuse := func(check *report.Check, at *field.Path, format string, args ...any) {
		out = append(out, report.New(check, report.Error, in.FenceRef, at.String(), format, args...))
	}
	known := slices.Clone(in.UnreadableTenants)
	for _, o := range w.Fence.Owners() {
		known = append(known, o.Name)
	}
	slices.Sort(known)
	for i, name := range emit {
		if !slices.Contains(known, name) {
			refuse(report.TenantNotFound, at.Index(i), "the build has no Tenant %q, and the profile has no nodes of that name: correct the name (%s), or list all Tenants under resources",
				name, strict.DidYouMean(name, known))
		}
	}
	var unowned []string
	for _, g := range w.Policies {
		if g.Owner() == "" {
			unowned = append(unowned, g.Ref.Name)
		}
	}
	if len(unowned) > 0 {
		declaration := "remove the field that declares them"
		if in.Profile.Spec.Scope == v1alpha1.ScopeCluster {
			declaration = "remove FenceProfile spec.scope: Cluster, which declares them"
		}
		refuse(report.EmitOmitsPolicies, at, "these policies belong to no Tenant, so no run with emit writes them: %s: remove emit, or %s", strings.Join(unowned, ", "), declaration)
	}
	return out
}
