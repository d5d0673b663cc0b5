package resolve

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// applyOverrides sets a tenant's limits, and the enforcement that the profile wants
// of it.
func (r *resolver) applyOverrides(t *tenant) {
	t.limits = r.profile.Spec.Limits
	t.Enforcement, t.EnforcementReason = r.profile.Spec.Enforcement, r.fence.Profile.Child("enforcement")
	for i, o := range r.profile.Spec.Overrides {
		if !policy.MatchTenant(o.Tenants, t.Name) {
			continue
		}
		if o.Enforcement != "" {
			t.Enforcement, t.EnforcementReason = o.Enforcement, r.fence.Profile.Child(fmt.Sprintf("overrides[%d].enforcement", i))
		}
		if o.Limits != nil {
			override(&t.limits, *o.Limits)
		}
	}
}

// override replaces the fields that are set.
func override(l *v1alpha1.Limits, by v1alpha1.Limits) {
	replace(&l.FQDNs, by.FQDNs)
	replace(&l.CIDRs, by.CIDRs)
	replace(&l.Entities, by.Entities)
	replace(&l.Ports, by.Ports)
	replace(&l.ICMP, by.ICMP)
	replace(&l.EgressPoints, by.EgressPoints)
	replace(&l.Namespaces, by.Namespaces)
	replace(&l.L7, by.L7)
	replace(&l.Secrets, by.Secrets)
	replace(&l.Enforcement, by.Enforcement)
	for _, b := range []struct{ have, by **bool }{
		{&l.NamespaceLabels, &by.NamespaceLabels}, {&l.AnyTenant, &by.AnyTenant}, {&l.HostNetwork, &by.HostNetwork},
	} {
		if *b.by != nil {
			*b.have = *b.by
		}
	}
}

func replace[T any](have *[]T, by []T) {
	if by != nil {
		*have = by
	}
}

// outsideLimits refuses what lies outside the limits of a flow's tenant, and returns whether
// it is allowed all the same: the profile's own flows have no limits.
func (r *resolver) outsideLimits(f *flow, check *report.Check, at *field.Path, what, limit string) bool {
	if f.fromProfile {
		return true
	}
	if f.node != "" {
		r.refuse(check, f.ref, at, "%s stands behind a Service that a tenant writes, and nodes reach only what the profile says itself: name it in the flow instead of the Service", what)
		return false
	}
	r.refuse(check, f.ref, at, "%s is outside limits.%s of Tenant %q: remove it, or add it there, in the profile (for this tenant alone: in an entry of overrides)", what, limit, f.tenant.Name)
	return false
}

func (r *resolver) checkFQDNLimits(f *flow, names []string, at *field.Path) {
	for i, n := range names {
		r.checkNameLimit(f, n, fmt.Sprintf("name %q", n), at.Index(i))
	}
}

// checkNameLimit refuses a name or pattern beyond the limits, and one that no rule would
// match as it is meant.
func (r *resolver) checkNameLimit(f *flow, name, what string, at *field.Path) {
	r.checkQueriedName(f, name, what, at)
	if v1alpha1.IsClusterDNSName(name) {
		r.refuse(report.FQDNInsideCluster, f.ref, at, "%s is of this cluster, and ends at pods, which a rule about names never matches: use service: namespace/name", what)
	}
}

// checkQueriedName is nameWithin for a name that is only asked for: it may be the cluster's.
func (r *resolver) checkQueriedName(f *flow, name, what string, at *field.Path) {
	if !policy.AnyCovers(f.limits().FQDNs, name) {
		r.outsideLimits(f, report.FQDNOutsideLimits, at, what, "fqdns")
	}
	r.refuseSubdomain(f.ref, name, at)
}

func (r *resolver) refuseSubdomains(ref report.Ref, names []string, at *field.Path) {
	for i, n := range names {
		r.refuseSubdomain(ref, n, at.Index(i))
	}
}

// refuseSubdomain refuses a pattern that an older Cilium takes for another one.
func (r *resolver) refuseSubdomain(ref report.Ref, name string, at *field.Path) {
	if strings.HasPrefix(name, "**.") {
		r.require(policy.SubdomainPatterns, ref, at, fmt.Sprintf("the pattern %q", name), fmt.Sprintf("list a pattern for each number of labels, as %q and %q", name[1:], "*."+name[1:]))
	}
}

func (r *resolver) checkEntityLimits(f *flow, entities []v1alpha1.Entity, at *field.Path) bool {
	valid := true
	for _, e := range entities {
		ok := slices.Contains(f.limits().Entities, e) || r.outsideLimits(f, report.EntityOutsideLimits, at, fmt.Sprintf("entity %q", e), "entities")
		valid = valid && ok
	}
	return valid
}

// checkCIDRLimits checks each network for itself: a limit that does not cover the union
// of what is asked cannot cover every part of it. No exception holds a whole network,
// which Cilium could not say: the Tenant is not valid then.
func (r *resolver) checkCIDRLimits(f *flow, cidrs, except []string, at *field.Path) {
	r.checkNetworkLimits(f, cidrs, except, at, f.limits().CIDRs)
}

// checkAgentNetworkLimits is cidrsWithin for the networks that agents dial from. Through the edge
// proxy they may be a part of those that the profile lets every tenant's agents dial from.
func (r *resolver) checkAgentNetworkLimits(f *flow, a v1alpha1.AgentIngress) {
	allowed := f.limits().CIDRs
	if p := r.profile.Spec.EdgeProxy; a.Mode == v1alpha1.EdgeProxy && p != nil {
		allowed = slices.Concat(allowed, p.CIDRs)
	}
	r.checkNetworkLimits(f, a.CIDRs, nil, f.path.Child("cidrs"), allowed)
}

func (r *resolver) checkNetworkLimits(f *flow, cidrs, except []string, at *field.Path, allowed []string) {
	allowedSet := setOf(allowed, nil)
	for i, c := range cidrs {
		if !isSubset(setOf([]string{c}, except), allowedSet) {
			r.outsideLimits(f, report.CIDROutsideLimits, at.Index(i), fmt.Sprintf("network %q", c), "cidrs")
		}
	}
}

func setOf(cidrs, except []string) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, c := range cidrs {
		if p, err := netip.ParsePrefix(c); err == nil {
			b.AddPrefix(p)
		}
	}
	for _, c := range except {
		if p, err := netip.ParsePrefix(c); err == nil {
			b.RemovePrefix(p)
		}
	}
	set, err := b.IPSet()
	if err != nil {
		return &netipx.IPSet{}
	}
	return set
}

func isSubset(a, b *netipx.IPSet) bool {
	for _, r := range a.Ranges() {
		if !b.ContainsRange(r) {
			return false
		}
	}
	return true
}
