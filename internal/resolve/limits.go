package resolve

import (
	"net/netip"
	"path"
	"slices"
	"strings"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// applyOverrides sets a tenant's limits, and returns the enforcement that the
// profile wants of it.
func (r *resolver) applyOverrides(t *tenant) v1alpha1.Enforcement {
	t.limits = r.profile.Spec.Limits
	enforcement := r.profile.Spec.Enforcement
	for _, o := range r.profile.Spec.Overrides {
		if !slices.ContainsFunc(o.Tenants, func(p string) bool { ok, _ := path.Match(p, t.Name); return ok }) {
			continue
		}
		if o.Enforcement != "" {
			enforcement = o.Enforcement
		}
		if o.Limits != nil {
			override(&t.limits, *o.Limits)
		}
	}
	return enforcement
}

// override replaces the fields that are set.
func override(l *v1alpha1.Limits, by v1alpha1.Limits) {
	replace(&l.FQDNs, by.FQDNs)
	replace(&l.CIDRs, by.CIDRs)
	replace(&l.Entities, by.Entities)
	replace(&l.Ports, by.Ports)
	replace(&l.EgressPoints, by.EgressPoints)
	replace(&l.Namespaces, by.Namespaces)
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

// within refuses what lies outside the limits of a flow's tenant. The profile's own
// flows have none.
func (r *resolver) within(f *flow, ok bool, check string, at *field.Path, what, limit string) bool {
	if f.every || ok {
		return true
	}
	r.refuse(check, f.ref, at, "%s is outside what the profile lets this tenant reach: remove it, or add it to limits.%s of the profile (for this tenant alone: of an entry of overrides)", what, limit)
	return false
}

func (r *resolver) fqdnsWithin(f *flow, names []string, at *field.Path) bool {
	good := true
	for i, n := range names {
		ok := slices.ContainsFunc(f.limits().FQDNs, func(limit string) bool { return policy.Covers(limit, n) })
		good = r.within(f, ok, "fqdn-outside-limits", at.Index(i), "name "+quoted([]string{n}), "fqdns") && good
		if strings.HasPrefix(n, "**.") && r.minor() < policy.SubdomainsSince {
			r.refuse("cilium-too-old", f.ref, at.Index(i), "the pattern %q needs Cilium 1.19, and the profile says %s: use %q, which matches one label",
				n, r.profile.Spec.Cluster.CiliumVersion, n[1:])
			good = false
		}
	}
	return good
}

func (r *resolver) entitiesWithin(f *flow, entities []v1alpha1.Entity, at *field.Path) bool {
	good := true
	for _, e := range entities {
		good = r.within(f, slices.Contains(f.limits().Entities, e), "entity-outside-limits", at, "entity "+quoted([]string{string(e)}), "entities") && good
	}
	return good
}

// cidrsWithin checks each network for itself: a limit that does not cover the union
// of what is asked cannot cover every part of it.
func (r *resolver) cidrsWithin(f *flow, cidrs, except []string, at *field.Path) bool {
	allowed := setOf(f.limits().CIDRs, nil)
	good := true
	for i, c := range cidrs {
		ok := subset(setOf([]string{c}, except), allowed)
		good = r.within(f, ok, "cidr-outside-limits", at.Index(i), "network "+quoted([]string{c}), "cidrs") && good
	}
	return good
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

func subset(a, b *netipx.IPSet) bool {
	for _, r := range a.Ranges() {
		if !b.ContainsRange(r) {
			return false
		}
	}
	return true
}

func (r *resolver) portsWithin(f *flow, ports []policy.Port, at *field.Path) bool {
	good := true
	if r.minor() < policy.AdditiveSince {
		for _, p := range ports {
			if p.End > p.Port {
				r.refuse("cilium-too-old", f.ref, at, "the range %s needs Cilium 1.16, and the profile says %s: list the ports", p, r.profile.Spec.Cluster.CiliumVersion)
				good = false
			}
		}
	}
	limits := policy.PortsOf(f.limits().Ports)
	if len(limits) == 0 {
		return good
	}
	if len(ports) == 0 {
		return r.within(f, false, "port-outside-limits", at, "every port", "ports") && good
	}
	for _, p := range ports {
		ok := slices.ContainsFunc(limits, func(l policy.Port) bool { return l.Covers(p) })
		good = r.within(f, ok, "port-outside-limits", at, "port "+p.String(), "ports") && good
	}
	return good
}

func (r *resolver) minor() int { return policy.Minor(r.profile.Spec.Cluster.CiliumVersion) }
