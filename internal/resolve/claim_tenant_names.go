package resolve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// AllowedPaths refuses Tenants in other files than those to which the profile binds their names.
func AllowedPaths(in *resource.Inputs) report.Findings {
	r := newClaim(in, nil)
	for _, t := range in.Tenants {
		r.checkAllowedPaths(t)
	}
	return r.findings
}

// checkAllowedPaths refuses a Tenant in another file than those to which the profile binds its name,
// or in an unknown one. Every entry with the name must allow the file.
func (r *claimPass) checkAllowedPaths(t resource.Tenant) {
	if t.Ref.Kind != v1alpha1.KindTenant {
		return // The platform wrote it, in the TenantFence.
	}
	for i, a := range r.profile.Spec.Tenants.AllowedPaths {
		if !policy.MatchTenant(a.Names, t.Name) {
			continue
		}
		binds := fmt.Sprintf("%s of the profile binds the name %q to %s", r.profile.Path.Child("tenants", "allowedPaths").Index(i), t.Name, quoteAll(a.Paths))
		switch file := t.Source.Path; {
		case file == "":
			r.refuse(report.TenantPathUnknown, t.Ref, namePath(t), "%s, and the file of this Tenant is unknown: %s", binds,
				cmp.Or(t.Source.Unknown, "nothing recorded it while reading"))
			return
		case !slices.ContainsFunc(a.Paths, func(p string) bool { return policy.MatchPath(p, file) }):
			r.refuse(report.TenantOutsideAllowedPaths, t.Ref, namePath(t),
				"%s, and this Tenant is in %q: choose another name, move the Tenant to such a file, or add its file to that entry", binds, file)
		}
	}
}

// reportUnusedPaths reports names in allowedPaths without a Tenant, if an unbound Tenant has a similar
// name.
func (r *claimPass) reportUnusedPaths(tenants []resource.Tenant) {
	var bound, unbound []string
	for _, t := range tenants {
		if slices.ContainsFunc(r.profile.Spec.Tenants.AllowedPaths, func(a v1alpha1.AllowedPath) bool { return policy.MatchTenant(a.Names, t.Name) }) {
			bound = append(bound, t.Name)
		} else {
			unbound = append(unbound, t.Name)
		}
	}
	for i, a := range r.profile.Spec.Tenants.AllowedPaths {
		for j, name := range a.Names {
			near := strict.Nearest(name, unbound)
			if near != "" && !slices.ContainsFunc(bound, func(t string) bool { return policy.MatchTenant([]string{name}, t) }) {
				r.warn(report.AllowedPathUnused, r.profile.Ref, r.profile.Path.Child("tenants", "allowedPaths").Index(i).Child("names").Index(j),
					"no Tenant has the name %q, and no entry binds Tenant %q: correct the name if that Tenant is intended", name, near)
			}
		}
	}
}

// patternEffect are the rights that a pattern of an override gives to Tenants that the profile does
// not name.
type patternEffect struct {
	override, pattern int
	limits, tenants   []string
	// allowOnly reports that it loosens enforcement.
	allowOnly bool
}

// reportPatternEffects reports each pattern of an override that gives rights to a Tenant by its name,
// if the profile neither names the Tenant nor binds the name to files. The pattern * gives rights to
// every name.
func (r *claimPass) reportPatternEffects(tenants []resource.Tenant) {
	var effects []patternEffect
	for _, t := range tenants {
		if t.Ref.Kind == v1alpha1.KindTenant && !r.namedInProfile(t.Name) {
			effects = append(effects, r.patternEffectsOf(t.Name)...)
		}
	}
	slices.SortStableFunc(effects, func(a, b patternEffect) int {
		return cmp.Or(cmp.Compare(a.override, b.override), cmp.Compare(a.pattern, b.pattern), slices.Compare(a.tenants, b.tenants))
	})
	for len(effects) > 0 {
		all := effects[0]
		effects = effects[1:]
		for len(effects) > 0 && effects[0].override == all.override && effects[0].pattern == all.pattern {
			all.tenants, all.limits = append(all.tenants, effects[0].tenants...), append(all.limits, effects[0].limits...)
			all.allowOnly = all.allowOnly || effects[0].allowOnly
			effects = effects[1:]
		}
		at := r.profile.Path.Child("overrides").Index(all.override).Child("tenants").Index(all.pattern)
		r.warn(report.LimitsRaisedByPattern, r.profile.Ref, at,
			"%q %s for Tenants that the profile does not name (%s), so a Tenant gets this by choosing such a name: bind such names to files in tenants.allowedPaths, or list the Tenants here",
			r.profile.Spec.Overrides[all.override].Tenants[all.pattern], all.describe(), truncatedList(sortedUnique(all.tenants)))
	}
}

func (p patternEffect) describe() string {
	var out []string
	if len(p.limits) > 0 {
		out = append(out, "raises limits ("+strings.Join(sortedUnique(p.limits), ", ")+")")
	}
	if p.allowOnly {
		out = append(out, "loosens enforcement to AllowOnly")
	}
	return strings.Join(out, " and ")
}

func (r *claimPass) patternEffectsOf(name string) []patternEffect {
	var out []patternEffect
	limits, enforcement := r.profile.Spec.Limits, r.profile.Spec.Enforcement
	for i, o := range r.profile.Spec.Overrides {
		j := slices.IndexFunc(o.Tenants, func(p string) bool { return policy.MatchTenant([]string{p}, name) })
		if j < 0 {
			continue
		}
		effect := patternEffect{override: i, pattern: j, tenants: []string{name}}
		if o.Limits != nil {
			before := limits
			override(&limits, *o.Limits)
			effect.limits = raisedLimits(before, limits)
		}
		if o.Enforcement != "" {
			effect.allowOnly = o.Enforcement == v1alpha1.AllowOnly && enforcement == v1alpha1.Enforce
			enforcement = o.Enforcement
		}
		everyName := slices.ContainsFunc(o.Tenants, func(p string) bool { return strings.Trim(p, "*") == "" })
		if (len(effect.limits) > 0 || effect.allowOnly) && !everyName {
			out = append(out, effect)
		}
	}
	return out
}
