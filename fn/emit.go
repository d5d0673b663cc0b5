package fn

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// refuseEmit refuses to emit the policies of what is not there, and to leave out what no
// run that names Tenants would write.
func refuseEmit(in *resource.Inputs, w desiredState) report.Findings {
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
	for _, t := range w.fence.Tenants {
		known = append(known, t.Name)
	}
	for _, n := range w.fence.Nodes {
		known = append(known, n.Name)
	}
	slices.Sort(known)
	for i, name := range emit {
		if !slices.Contains(known, name) {
			refuse(report.TenantNotFound, at.Index(i), "there is no Tenant %q in the build, of which all Tenants must be a part, and the profile has no nodes of that name: correct it (%s), or list the Tenants under resources",
				name, v1alpha1.DidYouMean(name, known))
		}
	}
	var unowned []string
	for _, n := range w.policies {
		if merge.OwnerName(n) == "" {
			unowned = append(unowned, n.GetName())
		}
	}
	if len(unowned) > 0 {
		declaration := "what asks for them"
		if in.Profile.Spec.Scope == v1alpha1.ScopeCluster {
			declaration = "FenceProfile spec.scope: Cluster, which asks for them"
		}
		refuse(report.EmitOmitsPolicies, at, "these belong to no Tenant, so that no run with emit would write them: %s: leave emit out, or %s", strings.Join(unowned, ", "), declaration)
	}
	return out
}

// withAssumedPolicies returns the items, with the missing policies that other runs write, and a
// finding that names these. Policies of other runs that are among the items are proved as
// they are: Merge refuses those that differ from what the other run writes.
func withAssumedPolicies(o merge.Options, items, policies []*yaml.RNode) ([]*yaml.RNode, report.Findings) {
	if len(o.Emit) == 0 {
		return items, nil
	}
	out, present := slices.Clone(items), appliedIDs(items)
	tenants := map[string]bool{}
	assumedCount := 0
	for _, n := range policies {
		if o.Emits(n) {
			continue
		}
		tenants[merge.OwnerName(n)] = true
		assumedCount++
		if !present[resource.ID(n)] {
			out = append(out, n)
		}
	}
	if assumedCount == 0 {
		return out, nil
	}
	return out, report.Findings{report.New(report.EmitPoliciesAssumed, report.Info, o.Config, "spec.emit", "policies that are not written here are taken as given, as the runs that emit them will write them: %d, of %s; verify what all runs write together, to know that none is missing",
		assumedCount, strings.Join(slices.Sorted(maps.Keys(tenants)), ", "))}
}
