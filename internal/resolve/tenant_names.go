package resolve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkAllowedPaths refuses a Tenant whose name the profile binds to files, and whose own
// file is another one or unknown. Every entry that has the name must allow the file.
func (r *resolver) checkAllowedPaths(t resource.Tenant) {
	if t.Ref.Kind != v1alpha1.KindTenant {
		return // The platform wrote it, in the TenantFence.
	}
	for i, a := range r.profile.Spec.Tenants.AllowedPaths {
		if !policy.MatchTenant(a.Names, t.Name) {
			continue
		}
		binds := fmt.Sprintf("%s of the profile binds the name %q to %s", r.profile.Path.Child("tenants", "allowedPaths").Index(i), t.Name, quoted(a.Paths))
		switch file := t.Source.Path; {
		case file == "":
			r.refuse("tenant-path-unknown", t.Ref, namePath(t), "%s, and the file of this Tenant is unknown: %s", binds,
				cmp.Or(t.Source.Unknown, "nothing recorded it while reading"))
			return
		case !slices.ContainsFunc(a.Paths, func(p string) bool { return policy.MatchPath(p, file) }):
			r.refuse("tenant-outside-allowed-paths", t.Ref, namePath(t),
				"%s, and this Tenant is in %q: choose another name, move the Tenant there, or add its file in the profile", binds, file)
		}
	}
}

// reportUnusedPaths reports names in allowedPaths that no Tenant has, where one that is not
// bound has nearly that name.
func (r *resolver) reportUnusedPaths(tenants []resource.Tenant) {
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
			near, ok := v1alpha1.Nearest(name, unbound)
			if ok && !slices.ContainsFunc(bound, func(t string) bool { return policy.MatchTenant([]string{name}, t) }) {
				r.warn("allowed-path-unused", r.profile.Ref, r.profile.Path.Child("tenants", "allowedPaths").Index(i).Child("names").Index(j),
					"no Tenant has the name %q, and no entry binds Tenant %q: correct the name if that Tenant is intended", name, near)
			}
		}
	}
}

// patternRight is what a pattern of an override gives to Tenants that the profile does
// not name.
type patternRight struct {
	override, pattern int
	limits, tenants   []string
	// audit reports that it loosens enforcement.
	audit bool
}

// reportPatternRights reports each pattern of an override that gives more to a Tenant
// that chose its own name: one that the profile neither names nor binds to files. What
// a pattern of stars alone gives does not depend on the name.
func (r *resolver) reportPatternRights(tenants []resource.Tenant) {
	var rights []patternRight
	for _, t := range tenants {
		if t.Ref.Kind == v1alpha1.KindTenant && !r.listed(t.Name) {
			rights = append(rights, r.patternRightsOf(t.Name)...)
		}
	}
	slices.SortStableFunc(rights, func(a, b patternRight) int {
		return cmp.Or(cmp.Compare(a.override, b.override), cmp.Compare(a.pattern, b.pattern), slices.Compare(a.tenants, b.tenants))
	})
	for len(rights) > 0 {
		all := rights[0]
		rights = rights[1:]
		for len(rights) > 0 && rights[0].override == all.override && rights[0].pattern == all.pattern {
			all.tenants, all.limits = append(all.tenants, rights[0].tenants...), append(all.limits, rights[0].limits...)
			all.audit = all.audit || rights[0].audit
			rights = rights[1:]
		}
		at := r.profile.Path.Child("overrides").Index(all.override).Child("tenants").Index(all.pattern)
		r.warn("limits-by-pattern", r.profile.Ref, at,
			"%q %s for Tenants that the profile does not name: %s; any Tenant gets this by its name: bind such names to files in tenants.allowedPaths, or list the Tenants here",
			r.profile.Spec.Overrides[all.override].Tenants[all.pattern], all.does(), some(compact(all.tenants)))
	}
}

func (p patternRight) does() string {
	var out []string
	if len(p.limits) > 0 {
		out = append(out, "raises limits ("+strings.Join(compact(p.limits), ", ")+")")
	}
	if p.audit {
		out = append(out, "loosens enforcement to Audit")
	}
	return strings.Join(out, " and ")
}

// listed reports whether the profile names a Tenant, or binds its name to files.
func (r *resolver) listed(name string) bool {
	rules := r.profile.Spec.Tenants
	_, claims := rules.Claims[name]
	return claims ||
		slices.ContainsFunc(rules.AllowedPaths, func(a v1alpha1.AllowedPath) bool { return policy.MatchTenant(a.Names, name) }) ||
		slices.ContainsFunc(r.profile.Spec.Overrides, func(o v1alpha1.Override) bool { return slices.Contains(o.Tenants, name) })
}

func (r *resolver) patternRightsOf(name string) []patternRight {
	var out []patternRight
	limits, enforcement := r.profile.Spec.Limits, r.profile.Spec.Enforcement
	for i, o := range r.profile.Spec.Overrides {
		j := slices.IndexFunc(o.Tenants, func(p string) bool { return policy.MatchTenant([]string{p}, name) })
		if j < 0 {
			continue
		}
		right := patternRight{override: i, pattern: j, tenants: []string{name}}
		if o.Limits != nil {
			before := limits
			override(&limits, *o.Limits)
			right.limits = raised(before, limits)
		}
		if o.Enforcement != "" {
			right.audit = o.Enforcement == v1alpha1.Audit && enforcement == v1alpha1.Enforce
			enforcement = o.Enforcement
		}
		everyName := slices.ContainsFunc(o.Tenants, func(p string) bool { return strings.Trim(p, "*") == "" })
		if (len(right.limits) > 0 || right.audit) && !everyName {
			out = append(out, right)
		}
	}
	return out
}

func compact(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }

// some is a list for a person, cut where it is long.
func some(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
