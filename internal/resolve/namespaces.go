package resolve

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// recordUnread notes which namespaces the Tenants that were refused before may have.
func (r *resolver) recordUnread(tenants []string) {
	for _, name := range tenants {
		r.unread[name] = true
		for _, ns := range r.allowedNamespaces(name) {
			r.unreadNamespaces[ns] = true
		}
	}
}

// allowedNamespaces are the namespaces that the profile gives a tenant, its pattern's first.
func (r *resolver) allowedNamespaces(tenant string) []string {
	own := strings.ReplaceAll(r.profile.Spec.Tenants.NamespacePattern, "{name}", tenant)
	return append([]string{own}, r.profile.Spec.Tenants.Claims[tenant]...)
}

// isKubernetesNamespace says whether a namespace is one of Kubernetes' own, which no name of a
// tenant may win by the pattern: only the profile's claims give it.
func isKubernetesNamespace(namespace string) bool {
	return namespace == "default" || strings.HasPrefix(namespace, "kube-")
}

// claim gives a tenant the namespaces that it may have.
func (r *resolver) claim(t *tenant) {
	allowed := r.allowedNamespaces(t.Name)
	requested, path := t.spec.Namespaces, t.path.Child("namespaces")
	if len(requested) == 0 {
		requested, path = allowed[:1], nil
	}
	for _, ns := range slices.Compact(slices.Sorted(slices.Values(requested))) {
		at := path
		if at != nil {
			at = path.Index(slices.Index(requested, ns))
		}
		if r.canClaim(t, ns, allowed, at) {
			t.Namespaces = append(t.Namespaces, ns)
			if r.isShared(ns) {
				r.sharingTenants[ns] = append(r.sharingTenants[ns], t)
			} else {
				r.owner[ns] = t
			}
		}
	}
}

func (r *resolver) canClaim(t *tenant, ns string, allowed []string, at *field.Path) bool {
	if i := slices.IndexFunc(r.profile.Spec.ExcludedNamespaces, func(e v1alpha1.ExcludedNamespace) bool { return e.Name == ns }); i >= 0 {
		r.refuse(report.NamespaceExcluded, t.ref, at, "namespace %q is excluded by the profile (%s): no Tenant can have it",
			ns, r.profile.Spec.ExcludedNamespaces[i].Reason)
		return false
	}
	if isKubernetesNamespace(ns) && !slices.Contains(allowed[1:], ns) {
		r.refuse(report.NamespaceUnclaimed, t.ref, at, "namespace %q is Kubernetes' own, which no pattern gives: to give it to this tenant, add it to tenants.claims.%s of the profile", ns, t.Name)
		return false
	}
	if !slices.Contains(allowed, ns) {
		r.refuse(report.NamespaceUnclaimed, t.ref, at,
			"namespace %q is not this tenant's: the profile gives it %s; to give it this one too, add it to tenants.claims.%s of the profile",
			ns, quoteAll(allowed), t.Name)
		return false
	}
	if other := r.owner[ns]; other != nil && other != t {
		r.refuse(report.NamespaceClaimedTwice, t.ref, at, "namespace %q is claimed by Tenant %q too: a namespace belongs to one tenant", ns, other.Name)
		return false
	}
	if !r.index.WithoutResources && r.index.Namespaces[ns] == nil {
		r.refuse(report.NamespaceNotInBuild, t.ref, at,
			"namespace %q is not in the build: add its Namespace, with the annotation config.kubernetes.io/local-config: \"true\" where something else creates it%s", ns, r.patternHint(t, at))
		return false
	}
	return r.canShare(t, ns, at)
}

// patternHint helps where the namespace came from the pattern and not from the
// Tenant.
func (r *resolver) patternHint(t *tenant, at *field.Path) string {
	claims := r.profile.Spec.Tenants.Claims[t.Name]
	if at != nil || len(claims) == 0 {
		return ""
	}
	return "; or say namespaces: [" + strings.Join(claims, ", ") + "], which the profile lets it claim"
}

// checkNamespaces looks into the namespaces of the build: hostNetwork pods in a
// tenant's, and workloads in none.
func (r *resolver) checkNamespaces() {
	unfenced, unclaimed := map[string]bool{}, map[string][]string{}
	for _, w := range r.index.Workloads {
		t := r.ownerOfPod(w)
		switch {
		case t == nil && r.unreadNamespaces[w.Ref.Namespace]:
			// Whose it is was refused already.
		case t == nil && r.isShared(w.Ref.Namespace):
			unclaimed[w.Ref.Namespace] = append(unclaimed[w.Ref.Namespace], w.Ref.Kind+"/"+w.Ref.Name)
		case t == nil:
			unfenced[w.Ref.Namespace] = true
		case w.HostNetwork && !isTrue(t.limits.HostNetwork):
			r.refuse(report.HostNetworkOutsideLimits, w.Resource, field.NewPath(w.Field),
				"is a hostNetwork pod in namespace %q of Tenant %q: it has the node's identity, so no policy selects it, and it may reach any tenant of its node; move it out, or let limits.hostNetwork of the profile allow it",
				w.Ref.Namespace, t.Name)
		}
	}
	r.reportUnclaimed(unclaimed)
	for _, e := range r.profile.Spec.ExcludedNamespaces {
		delete(unfenced, e.Name)
	}
	if r.deniesUnclaimed() {
		r.refuseUnclaimedNamespaces()
		return
	}
	for _, ns := range slices.Sorted(maps.Keys(unfenced)) {
		r.reportUnfenced(ns)
	}
}

// reportUnfenced reports a namespace with workloads that no tenant has.
func (r *resolver) reportUnfenced(ns string) {
	if t := r.omittingTenant(ns); t != nil {
		r.refuse(report.NamespaceNotListed, t.ref, t.path.Child("namespaces"),
			"leaves out namespace %q, which the profile gives to Tenant %q and which has workloads: nothing would be denied there: list it, or move the workloads", ns, t.Name)
		return
	}
	r.warn(report.NamespaceUnfenced, r.profile.Ref, nil,
		"namespace %q has workloads and no Tenant, so nothing is closed there: give it a Tenant, or list it in excludedNamespaces with the reason", ns)
}

// omittingTenant is the only tenant that the profile gives a namespace to, and that does not list it.
func (r *resolver) omittingTenant(ns string) *tenant {
	var out *tenant
	for _, t := range r.tenants {
		if len(t.spec.Namespaces) == 0 || !slices.Contains(r.allowedNamespaces(t.Name), ns) {
			continue
		}
		if out != nil {
			return nil
		}
		out = t
	}
	return out
}

// reportUnclaimed names the pods of shared namespaces that no Tenant selects.
func (r *resolver) reportUnclaimed(pods map[string][]string) {
	for _, ns := range slices.Sorted(maps.Keys(pods)) {
		if len(r.sharingTenants[ns]) > 0 {
			r.report(report.Warning, report.PodsUnfenced, r.profile.Ref, nil, "no Tenant selects these pods of shared namespace %q, so nothing is denied there: %s: select them in spec.pods of a Tenant to fence them",
				ns, strings.Join(pods[ns], ", "))
		}
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

func quoteAll(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return strings.Join(out, ", ")
}
