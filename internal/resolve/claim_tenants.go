package resolve

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
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
