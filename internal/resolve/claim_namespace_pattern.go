package resolve

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// placeholder is the tenant's name in a namespacePattern.
const placeholder = "{name}"

// correctPattern reports a namespacePattern that gives Tenants namespaces outside the build, where
// another pattern gives them namespaces of the build. The rest is resolved with that pattern, so
// that no other finding repeats the mistake. The error stops the run.
func (r *claimPass) correctPattern(tenants []resource.Tenant) {
	pattern := r.profile.Spec.Tenants.NamespacePattern
	var fitting, failing []resource.Tenant
	for _, t := range tenants {
		switch {
		case !r.needsPattern(t):
		case r.patternFits(t, pattern):
			fitting = append(fitting, t)
		case r.index.Namespaces[namespaceByPattern(pattern, t.Name)] == nil:
			failing = append(failing, t)
		}
	}
	if r.index.WithoutResources || len(failing) == 0 {
		return
	}
	other, namespaces := r.fittingPattern(fitting, failing)
	if other == "" {
		return
	}
	missing := texts(failing, func(t resource.Tenant) string { return namespaceByPattern(pattern, t.Name) })
	r.refuse(report.NamespaceNotInBuild, r.profile.Ref, r.profile.Path.Child("tenants", "namespacePattern"),
		"%q gives Tenants namespaces that are not in the build (%s), and the build has %s: set namespacePattern: %q", pattern, quoteSome(endpoints.SortedUnique(missing)), quoteSome(endpoints.SortedUnique(namespaces)), other)
	r.profile.Spec.Tenants.NamespacePattern = other
}

func namespaceByPattern(pattern, tenant string) string {
	return strings.ReplaceAll(pattern, placeholder, tenant)
}

// needsPattern reports whether a Tenant has a namespace that no claim gives it.
func (r *claimPass) needsPattern(t resource.Tenant) bool {
	return len(t.Spec.Namespaces) == 0 || slices.ContainsFunc(t.Spec.Namespaces, func(ns string) bool { return !r.isClaim(t.Name, ns) })
}

func (r *claimPass) isClaim(tenant, namespace string) bool {
	return slices.Contains(r.profile.Spec.Tenants.Claims[tenant], namespace)
}

// patternFits reports whether a pattern and the claims give a Tenant namespaces of the build alone.
func (r *claimPass) patternFits(t resource.Tenant, pattern string) bool {
	own := namespaceByPattern(pattern, t.Name)
	excluded := slices.ContainsFunc(r.profile.Spec.ExcludedNamespaces, func(e v1alpha1.ExcludedNamespace) bool { return e.Name == own })
	return r.index.Namespaces[own] != nil && !excluded && !r.isShared(own) && !isKubernetesNamespace(own) &&
		!slices.ContainsFunc(t.Spec.Namespaces, func(ns string) bool { return ns != own && !r.isClaim(t.Name, ns) })
}

// fittingPattern is a pattern that fits most of the Tenants that fail and all of the others, with
// the namespaces that it gives. One Tenant alone is evidence of the pattern {name} only.
func (r *claimPass) fittingPattern(fitting, failing []resource.Tenant) (pattern string, namespaces []string) {
	most := len(failing) / 2
	for _, candidate := range r.patternCandidates(failing) {
		if slices.ContainsFunc(fitting, func(t resource.Tenant) bool { return !r.patternFits(t, candidate) }) {
			continue
		}
		var given []string
		for _, t := range failing {
			if r.patternFits(t, candidate) {
				given = append(given, namespaceByPattern(candidate, t.Name))
			}
		}
		if len(given) > most && (len(given) > 1 || candidate == placeholder) {
			pattern, namespaces, most = candidate, given, len(given)
		}
	}
	return pattern, namespaces
}

// patternCandidates are the patterns of all namespaces of the build that contain the name of a Tenant,
// the shortest first.
func (r *claimPass) patternCandidates(tenants []resource.Tenant) []string {
	out := map[string]bool{}
	for _, t := range tenants {
		for ns := range r.index.Namespaces {
			if before, after, ok := strings.Cut(ns, t.Name); ok {
				out[before+placeholder+after] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(out), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
}
