package resolve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
	"github.com/tenantfence/tenantfence/internal/strict"
)

func (r *claimPass) resolveTenants(in []resource.Tenant) {
	sorted := slices.Clone(in)
	slices.SortStableFunc(sorted, func(a, b resource.Tenant) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Ref.File, b.Ref.File), cmp.Compare(a.Ref.Namespace, b.Ref.Namespace),
			cmp.Compare(endpoints.JSONKey(a.Spec), endpoints.JSONKey(b.Spec)))
	})
	for _, t := range sorted {
		r.allNames = append(r.allNames, t.Name)
	}
	for _, t := range sorted {
		if r.byName[t.Name] != nil {
			r.refuse(report.TenantDuplicate, t.Ref, namePath(t), "several Tenants have the name %q: give each its own name, or list the Tenant once", t.Name)
			continue
		}
		r.addTenant(t)
	}
	for _, ns := range r.refusedNamespaces {
		if r.owner[ns] == nil && len(r.partialTenants[ns]) == 0 {
			r.unreadNamespaces[ns] = true
		}
	}
	var owners []*policy.Owner
	for _, t := range r.tenants {
		owners = append(owners, &t.Owner)
	}
	r.fence = r.fence.WithOwners(owners...)
}

// namePath is the field with a Tenant's name.
func namePath(t resource.Tenant) *field.Path {
	if t.Ref.Kind == v1alpha1.KindTenant {
		return field.NewPath("metadata", "name")
	}
	return t.Path
}

func (r *claimPass) addTenant(in resource.Tenant) {
	t := &tenant{
		Owner: policy.Owner{Kind: policy.Pods, Name: in.Name, ID: in.Spec.ID, Selector: endpoints.SelectorOf(in.Spec.Pods), Reason: reasonOf(in.Ref, in.Path)},
		ref:   in.Ref, path: in.Path, spec: in.Spec,
	}
	if in.Ref.Kind != v1alpha1.KindTenant {
		// By name, like flows: reasons do not depend on the order of lists.
		t.Reason.Field = "spec.tenants[" + in.Name + "].spec"
	}
	r.checkAllowedPaths(in)
	r.applyOverrides(t)
	r.resolveEnforcement(t)
	r.resolveIntraNamespace(t)
	r.byName[t.Name] = t
	r.tenants = append(r.tenants, t)
	r.claim(t)
	r.resolveDNS(t)
}

// resolveEnforcement sets the enforcement of the profile, or that of the Tenant, which may be
// stricter, and looser only within limits.
func (r *claimPass) resolveEnforcement(t *tenant) {
	own, profile := t.spec.Enforcement, t.Enforcement
	t.mayAllowOnly = profile == v1alpha1.AllowOnly || slices.Contains(t.limits.Enforcement, v1alpha1.AllowOnly)
	if own == "" {
		return
	}
	t.Enforcement, t.EnforcementReason = own, t.Reason.Child("enforcement")
	if own == v1alpha1.AllowOnly && !t.mayAllowOnly {
		r.refuse(report.LooserThanProfile, t.ref, t.path.Child("enforcement"),
			"AllowOnly is looser than Enforce in the profile: remove it, or add AllowOnly to %s in the profile%s", t.limitField("enforcement"), t.replacesLimit("enforcement"))
	}
}

func (r *claimPass) resolveIntraNamespace(t *tenant) {
	t.IntraNamespace = r.profile.Spec.Baseline.AllowsIntraNamespace()
	if t.spec.Baseline == nil || t.spec.Baseline.IntraNamespace == nil {
		return
	}
	own := *t.spec.Baseline.IntraNamespace
	if own && !t.IntraNamespace {
		r.refuse(report.LooserThanProfile, t.ref, t.path.Child("baseline", "intraNamespace"),
			"true is wider than the baseline of the profile, which a Tenant may only narrow: remove it")
	}
	t.IntraNamespace = own
}

// resolveDNS sets the pods that have the baseline's DNS: those that the Tenant leaves it to.
func (r *claimPass) resolveDNS(t *tenant) {
	b := t.spec.Baseline
	if b == nil {
		return
	}
	t.WithoutDNS = b.DNS != nil && !*b.DNS
	t.DNSPods = endpoints.SelectorOf(b.DNSPods)
	at := t.path.Child("baseline", "dnsPods")
	_, ok := t.OwnPods(t.DNSPods)
	switch {
	case !ok:
		r.refuse(report.PodsNotFound, t.ref, at, "contradicts spec.pods, so no pod of the tenant has DNS: select some of these pods, or set baseline.dns: false")
	case len(t.Namespaces) > 0 && len(r.podPeers(t, t.Namespaces, t.DNSPods)) == 0:
		r.refuse(report.PodsNotFound, t.ref, at, "%s", r.podsNotFound(t.Namespaces, t.DNSPods, ", or set baseline.dns: false"))
	}
}

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
		case !slices.ContainsFunc(a.Paths, func(p string) bool { return matchPath(p, file) }):
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
			r.profile.Spec.Overrides[all.override].Tenants[all.pattern], all.describe(), truncatedList(endpoints.SortedUnique(all.tenants)))
	}
}

func (p patternEffect) describe() string {
	var out []string
	if len(p.limits) > 0 {
		out = append(out, "raises limits ("+strings.Join(endpoints.SortedUnique(p.limits), ", ")+")")
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
			policy.OverrideLimits(&limits, *o.Limits)
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
