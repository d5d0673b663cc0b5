package resolve

import (
	"cmp"
	"fmt"
	"maps"
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

// recordUnread notes the namespaces that Tenants with refused specs may have.
func (r *claimPass) recordUnread(tenants []string) {
	for _, name := range tenants {
		r.unread[name] = true
		for _, ns := range r.allowedNamespaces(name) {
			r.unreadNamespaces[ns] = true
		}
	}
}

// allowedNamespaces are the namespaces that the profile gives a tenant, its pattern's first.
func (r *claimPass) allowedNamespaces(tenant string) []string {
	rules := r.profile.Spec.Tenants
	return append([]string{namespaceByPattern(rules.NamespacePattern, tenant)}, rules.Claims[tenant]...)
}

// isKubernetesNamespace reports whether a namespace is one of Kubernetes itself. Only claims give
// it to a tenant, and never the pattern.
func isKubernetesNamespace(namespace string) bool {
	return namespace == "default" || strings.HasPrefix(namespace, "kube-")
}

// claim gives a tenant the namespaces that it may have.
func (r *claimPass) claim(t *tenant) {
	allowed := r.allowedNamespaces(t.Name)
	requested, path := t.spec.Namespaces, t.path.Child("namespaces")
	if len(requested) == 0 {
		requested, path = allowed[:1], nil
	}
	for _, ns := range endpoints.SortedUnique(requested) {
		at := path
		if at != nil {
			at = path.Index(slices.Index(requested, ns))
		}
		if r.canClaim(t, ns, allowed, at) {
			t.Namespaces = append(t.Namespaces, ns)
			if t.spec.Pods != nil {
				r.partialTenants[ns] = append(r.partialTenants[ns], t)
			} else {
				r.owner[ns] = t
			}
		}
	}
}

func (r *claimPass) canClaim(t *tenant, ns string, allowed []string, at *field.Path) bool {
	missing := !r.index.WithoutResources && r.index.Namespaces[ns] == nil
	if i := slices.IndexFunc(r.profile.Spec.ExcludedNamespaces, func(e v1alpha1.ExcludedNamespace) bool { return e.Name == ns }); i >= 0 {
		r.refuse(report.NamespaceExcluded, t.ref, at, "namespace %q is in excludedNamespaces of the profile (%s), so no Tenant can have it: remove it from this Tenant, or from excludedNamespaces",
			ns, r.profile.Spec.ExcludedNamespaces[i].Reason)
		return false
	}
	if isKubernetesNamespace(ns) && !slices.Contains(allowed[1:], ns) {
		r.refuseNamespace(report.NamespaceUnclaimed, t, ns, at, "is a namespace of Kubernetes, which namespacePattern never gives to a Tenant: rename the Tenant, or add the namespace to tenants.claims.%s of the profile", t.Name)
		return false
	}
	if !slices.Contains(allowed, ns) {
		// Claims may repeat the namespace of the pattern.
		names := slices.Concat(allowed[:1], slices.DeleteFunc(slices.Clone(allowed[1:]), func(claim string) bool { return claim == allowed[0] }))
		fix := fmt.Sprintf("remove it, or add it to tenants.claims.%s of the profile", t.Name)
		if missing {
			fix = "it is not in the build either: " + strict.DidYouMean(ns, names)
		}
		r.refuseNamespace(report.NamespaceUnclaimed, t, ns, at, "does not belong to this Tenant, to which the profile gives %s: %s", quoteAll(names), fix)
		return false
	}
	if other := r.holderOf(ns); other != nil && other != t {
		r.refuse(report.NamespaceClaimedTwice, t.ref, at, "Tenant %q claims namespace %q too, and a namespace belongs to one Tenant: remove it from one of them", other.Name, ns)
		return false
	}
	if missing {
		r.refuseMissingNamespace(t, ns, at)
		return false
	}
	return r.canShare(t, ns, at)
}

// refuseNamespace refuses a namespace of a Tenant. Findings that follow from the missing owner are
// not reported.
func (r *claimPass) refuseNamespace(check *report.Check, t *tenant, ns string, at *field.Path, format string, args ...any) {
	r.refusedNamespaces = append(r.refusedNamespaces, ns)
	r.refuse(check, t.ref, at, "namespace %q "+format, append([]any{ns}, args...)...)
}

// refuseMissingNamespace refuses a namespace of a Tenant that the build does not have.
func (r *claimPass) refuseMissingNamespace(t *tenant, ns string, at *field.Path) {
	candidates := slices.DeleteFunc(r.namespaceNames(), func(name string) bool { return r.givenToOther(t, name) })
	fix := "add its Namespace, as an external resource " + externalKind + " if another build creates it"
	if near := strict.Nearest(ns, candidates); near != "" {
		r.refusedNamespaces = append(r.refusedNamespaces, near)
		fix = strict.Otherwise(near, fix)
	}
	if claims := r.profile.Spec.Tenants.Claims[t.Name]; at == nil && len(claims) > 0 {
		fix += ", or set spec.namespaces: [" + strings.Join(claims, ", ") + "], which the profile lets this Tenant claim"
	}
	r.refuseNamespace(report.NamespaceNotInBuild, t, ns, at, "is not in the build: %s", fix)
}

// givenToOther reports whether the profile gives a namespace to another Tenant of the build.
func (r *claimPass) givenToOther(t *tenant, ns string) bool {
	return slices.ContainsFunc(r.allNames, func(name string) bool { return name != t.Name && slices.Contains(r.allowedNamespaces(name), ns) })
}

// checkNamespaces reports hostNetwork pods in namespaces of tenants, and workloads without a tenant.
func (r *claimPass) checkNamespaces() {
	unfenced, unclaimed := map[string]bool{}, map[string][]string{}
	for _, w := range r.index.Workloads {
		r.checkHostNetwork(w)
		switch ns := w.Ref.Namespace; {
		case r.ownerOfPod(w) != nil:
		case r.unreadNamespaces[ns]:
			// Its Tenant has an error already.
		case r.isPartial(ns):
			unclaimed[ns] = append(unclaimed[ns], w.Ref.Kind+"/"+w.Ref.Name)
		default:
			unfenced[ns] = true
		}
	}
	r.reportUnclaimed(unclaimed)
	r.reportPartial(unclaimed)
	switch {
	case r.deniesUnclaimed():
		r.refuseUnclaimedNamespaces()
	case len(r.tenants) > 0 || len(r.unread) > 0:
		r.reportUnfenced(unfenced)
	}
}

// checkHostNetwork refuses a hostNetwork pod of a tenant, or another pod of the tenant's own namespace,
// unless the limits allow it.
func (r *claimPass) checkHostNetwork(w *resource.Workload) {
	t := cmp.Or(r.ownerOfPod(w), r.holderOf(w.Ref.Namespace))
	if t == nil || !w.HostNetwork || isTrue(t.limits.HostNetwork) {
		return
	}
	r.refuse(report.HostNetworkOutsideLimits, w.Resource, field.NewPath(w.Field),
		"is a hostNetwork pod in namespace %q of Tenant %q, with the identity of its node: no policy selects it, and it may reach any tenant there: remove hostNetwork, move it to a namespace without a Tenant, or set %s: true in the profile%s",
		w.Ref.Namespace, t.Name, t.limitField("hostNetwork"), t.replacesLimit("hostNetwork"))
}

// reportUnfenced reports namespaces with workloads and without a tenant.
func (r *claimPass) reportUnfenced(namespaces map[string]bool) {
	for _, e := range r.profile.Spec.ExcludedNamespaces {
		delete(namespaces, e.Name)
	}
	omitted := map[*tenant][]string{}
	var unfenced []string
	for _, ns := range slices.Sorted(maps.Keys(namespaces)) {
		if t := r.omittingTenant(ns); t != nil {
			omitted[t] = append(omitted[t], ns)
		} else {
			unfenced = append(unfenced, ns)
		}
	}
	for _, t := range r.tenants {
		if list := omitted[t]; len(list) > 0 {
			r.refuse(report.NamespaceNotListed, t.ref, t.path.Child("namespaces"),
				"does not list %s, which the profile gives to this Tenant: workloads there have no default-deny: add %s, or move the workloads", namespaceList(list), plural(len(list), "it", "them"))
		}
	}
	if r.fence.Unfenced = unfenced; len(unfenced) > 0 {
		r.warn(report.NamespaceUnfenced, r.profile.Ref, nil, "%s %s workloads and no Tenant, so nothing is denied there: give %s a Tenant, or add %[3]s to excludedNamespaces with the reason",
			namespaceList(unfenced), plural(len(unfenced), "has", "have"), plural(len(unfenced), "it", "them"))
	}
}

// omittingTenant is the only tenant to which the profile gives a namespace, if the tenant lists
// others instead.
func (r *claimPass) omittingTenant(ns string) *tenant {
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
func (r *claimPass) reportUnclaimed(pods map[string][]string) {
	for _, ns := range slices.Sorted(maps.Keys(pods)) {
		if len(r.partialTenants[ns]) > 0 && r.isShared(ns) {
			r.report(report.Warning, report.PodsUnfenced, r.profile.Ref, nil, "no Tenant selects these pods of shared namespace %q, so nothing is denied for them: %s: select them in spec.pods of a Tenant",
				ns, truncatedList(pods[ns]))
		}
	}
}

// reportPartial states which pods of each tenant's own namespace are fenced, if spec.pods selects
// some, and names the others.
func (r *claimPass) reportPartial(others map[string][]string) {
	for _, ns := range slices.Sorted(maps.Keys(r.partialTenants)) {
		t := r.holderOf(ns)
		if t == nil {
			continue
		}
		examples := ""
		if len(others[ns]) > 0 {
			examples = " (" + truncatedList(others[ns]) + ")"
		}
		r.report(report.Info, report.NamespaceFencedInPart, t.ref, t.path.Child("pods"), "fences only the pods %s of namespace %q, and nothing is denied for its other pods%s: remove spec.pods to fence them, too",
			endpoints.FormatLabels(t.Selector.MatchLabels), ns, examples)
	}
}

// canShare refuses spec.pods in the tenant's own namespace if the tenant must be in Enforce, because
// other pods have no default-deny. It also refuses a shared namespace without spec.pods.
func (r *claimPass) canShare(t *tenant, ns string, at *field.Path) bool {
	switch isShared := r.isShared(ns); {
	case isShared && t.spec.Pods == nil:
		r.refuseNamespace(report.NamespaceShared, t, ns, at, "is in sharedNamespaces of the profile, where a Tenant has only the pods in spec.pods: set spec.pods")
	case !isShared && t.spec.Pods != nil && !t.mayAllowOnly:
		r.refusedNamespaces = append(r.refusedNamespaces, ns)
		r.refuse(report.NamespaceNotShared, t.ref, t.path.Child("pods"),
			"leaves other pods of namespace %q without default-deny, and the profile requires Enforce of this Tenant: remove spec.pods, or add AllowOnly to %s or the namespace to sharedNamespaces in the profile", ns, t.limitField("enforcement"))
	default:
		return true
	}
	return false
}

// checkPartial compares spec.pods of tenants with the pods of namespaces that are fenced in part.
func (r *claimPass) checkPartial() {
	for _, ns := range slices.Sorted(maps.Keys(r.partialTenants)) {
		all := r.partialTenants[ns]
		for i, t := range all {
			if !r.index.WithoutResources && !r.index.Partial && len(r.index.WorkloadsIn(ns, t.Selector)) == 0 {
				r.refuse(report.PodsNotFound, t.ref, t.path.Child("pods"), "%s", r.podsNotFound([]string{ns}, t.Selector, ""))
			}
			if r.servesBaseline(ns, t) {
				r.fence.BaselineTenants = append(r.fence.BaselineTenants, t.Name)
			}
			for _, other := range all[:i] {
				r.refuseOverlap(ns, t, other)
			}
		}
	}
}

// servesBaseline reports whether a tenant has pods that the baseline selects in a namespace.
func (r *claimPass) servesBaseline(namespace string, t *tenant) bool {
	b := r.profile.Spec.Baseline
	peers := []policy.Peer{
		{Namespace: b.DNS.Namespace, Pods: endpoints.SelectorOf(b.DNS.Pods)},
		policy.NodeLocalDNS(b.DNS.Namespace),
	}
	if m := b.Monitoring; m != nil {
		peers = append(peers, policy.Peer{Namespace: m.Namespace, Pods: endpoints.SelectorOf(m.Pods)})
	}
	return slices.ContainsFunc(peers, func(p policy.Peer) bool {
		return p.Namespace == namespace && len(r.podPeers(t, []string{namespace}, p.Pods)) > 0
	})
}

// refuseOverlap refuses pods of two tenants at once, also pods that may be created later: else the
// flows of one tenant would apply to pods of the other.
func (r *claimPass) refuseOverlap(ns string, t, other *tenant) {
	both, ok := endpoints.Intersect(t.Selector, other.Selector)
	if !ok {
		return
	}
	at := t.path.Child("pods")
	if pods := r.index.WorkloadsIn(ns, both); len(pods) > 0 {
		r.refuse(report.NamespaceClaimedTwice, t.ref, at, "selects workload %s of namespace %q, which Tenant %q selects too, and a pod belongs to one Tenant: narrow spec.pods of one of them", pods[0].Ref.Name, ns, other.Name)
		return
	}
	r.refuse(report.PodsMayOverlap, t.ref, at, "a pod of namespace %q with these labels and those of Tenant %q would belong to both: select by the same label in matchLabels of both, each with its own value", ns, other.Name)
}
