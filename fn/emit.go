package fn

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// refuseEmit refuses names in spec.emit that do not exist, and policies that no run with spec.emit
// writes.
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
			refuse(report.TenantNotFound, at.Index(i), "the build has no Tenant %q, and the profile has no nodes of that name: correct the name (%s), or list all Tenants under resources",
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
		declaration := "remove the field that declares them"
		if in.Profile.Spec.Scope == v1alpha1.ScopeCluster {
			declaration = "remove FenceProfile spec.scope: Cluster, which declares them"
		}
		refuse(report.EmitOmitsPolicies, at, "these policies belong to no Tenant, so no run with emit writes them: %s: remove emit, or %s", strings.Join(unowned, ", "), declaration)
	}
	return out
}

// withAssumedPolicies adds the missing policies of other runs to the items, removes what these runs will
// adopt, and reports both. Policies of
// other runs among the items are proved unchanged: Merge refuses those that differ.
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
	out, adopted := withoutPendingAdoptions(o, out, policies, present)
	removal := ""
	if len(adopted) > 0 {
		removal = ", and that they remove " + report.Brief(adopted) + " (spec.adopt)"
	}
	return out, report.Findings{report.New(report.EmitPoliciesAssumed, report.Info, o.Config, "spec.emit", "the proof assumes %s of %s, which other runs write%s: run tenantfence verify on the output of all runs",
		policiesText(assumedCount), strings.Join(slices.Sorted(maps.Keys(tenants)), ", "), removal)}
}

// withoutPendingAdoptions removes the hand-written policies that other runs will replace, and names
// them. One whose generated policy is present stays: that run should have removed it.
func withoutPendingAdoptions(o merge.Options, items, policies []*yaml.RNode, present map[report.Ref]bool) (kept []*yaml.RNode, adopted []string) {
	isTenants := func(namespace string) bool { return len(o.Fence.Owners(namespace)) > 0 }
	for _, n := range items {
		id := resource.ID(n)
		pending := resource.IsPolicy(n) && !slices.Contains(policies, n) && slices.ContainsFunc(o.Adopt, func(a v1alpha1.Adoption) bool {
			return a.Matches(id.Kind, id.Namespace, id.Name, isTenants) && slices.ContainsFunc(policies, func(by *yaml.RNode) bool {
				return by.GetNamespace() == id.Namespace && by.GetName() == a.As && !o.Emits(by) && !present[resource.ID(by)]
			})
		})
		if pending {
			adopted = append(adopted, resource.RefOf(n).String())
		} else {
			kept = append(kept, n)
		}
	}
	return kept, adopted
}
