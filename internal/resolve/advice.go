package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/report"
)

// reportAdvice reports what the defaults allow and a profile may narrow, and what policies cannot do.
func (r *resolver) reportAdvice() {
	ref, path := r.profile.Ref, r.profile.Path
	if len(r.tenants) == 0 && len(r.unread) == 0 {
		exception := ""
		if len(r.fence.Nodes()) > 0 {
			exception = " except host policies"
		}
		r.warn(report.TenantsMissing, ref, nil, "the build has no Tenants, so the fence generates nothing%s and removes its earlier policies: list the Tenants in this layer, or in one below it", exception)
		return
	}
	r.refuseSubdomains(ref, r.profile.Spec.Baseline.DNS.Names, path.Child("baseline", "dns", "names"))
	if r.index.WithoutResources {
		r.report(report.Info, report.GeneratorSeesNoResources, ref, nil, "a generator sees no other resources, so it is unknown whether namespaces, pods and ports exist: list the fence in transformers to check them")
	}
	var allowOnlyTenants []string
	for _, t := range r.tenants {
		if t.Enforcement == v1alpha1.AllowOnly {
			allowOnlyTenants = append(allowOnlyTenants, t.Name)
		}
	}
	if len(allowOnlyTenants) > 0 {
		r.report(report.Info, report.AllowOnly, ref, path.Child("enforcement"), "in AllowOnly, where this fence denies nothing (%s): set Enforce as soon as the flows are complete", strings.Join(allowOnlyTenants, ", "))
	}
	withDNS := len(r.unread) > 0 || len(r.namespacesWithDNS()) > 0
	if withDNS && slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") {
		narrow := "list the names to restrict it"
		if r.usesNetworkPolicies() {
			narrow = "a NetworkPolicy cannot restrict it"
		}
		r.report(report.Info, report.DNSNamesUnrestricted, ref, path.Child("baseline", "dns", "names"), "pods may query DNS for any name, which can carry data out of the cluster: %s", narrow)
	}
	r.reportAllowIsolates(allowOnlyTenants)
	r.reportDefaultDeny()
	r.reportDNSDenied()
	r.reportSharedEgressPoints()
	r.reportSharedEgressProxy()
	r.reportWorldExclusions()
	r.reportEarlyDNSNames()
	r.reportEarlyL7()
	r.reportPods()
	r.checkProfileAgainstBuild()
}

// reportAllowIsolates reports that an allow isolates the pods that it selects.
func (r *resolver) reportAllowIsolates(allowOnlyTenants []string) {
	const what = "an allow isolates the pods that it selects, so every stage denies what it does not allow, and tenants in AllowOnly get no policies"
	switch at := r.profile.Path; {
	case r.usesNetworkPolicies() && len(allowOnlyTenants) == 0:
		r.report(report.Info, report.AllowPolicyIsolates, r.profile.Ref, at.Child("policies"), "with NetworkPolicies, "+what)
	case r.usesNetworkPolicies():
		r.warn(report.AllowPolicyIsolates, r.profile.Ref, at.Child("policies"), "with NetworkPolicies, "+what)
	case r.fence.AllowsIsolate:
		r.warn(report.AllowPolicyIsolates, r.profile.Ref, at.Child("cluster", "ciliumConfig"), "with %s: \"false\", %s", cilium.EnableNonDefaultDeny, what)
	case !r.fence.Additive():
		r.warn(report.AllowPolicyIsolates, r.profile.Ref, at.Child("cluster", "ciliumVersion"), "before Cilium %s, %s", cilium.AdditivePolicies.Introduced(), what)
	}
}

// reportEarlyDNSNames warns that restricted DNS names take effect before the last stage.
func (r *resolver) reportEarlyDNSNames() {
	enforced := slices.ContainsFunc(r.tenants, func(t *tenant) bool { return t.Enforcement == v1alpha1.Enforce })
	additive := r.supports(cilium.AdditivePolicies)
	if enforced && additive && !r.supports(cilium.WildcardL7) && !slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") {
		r.warn(report.DNSNamesDenyEarly, r.profile.Ref, r.profile.Path.Child("baseline", "dns", "names"),
			"before Cilium %s, the stage Baseline already denies all other DNS names to tenants in Enforce: keep them in AllowOnly until the list of names is complete", cilium.WildcardL7.Introduced())
	}
}

// reportSharedEgressPoints names the tenants that share an egress point: its pods reach what any
// of them declares.
func (r *resolver) reportSharedEgressPoints() {
	for i, p := range r.profile.Spec.EgressPoints {
		var users []string
		for _, f := range r.flows {
			if f.via == p.Name && !slices.Contains(users, f.tenant.Name) {
				users = append(users, f.tenant.Name)
			}
		}
		if len(users) > 1 {
			r.report(report.Info, report.EgressPointShared, r.profile.Ref, r.profile.Path.Child("egressPoints").Index(i),
				"%s share egress point %q: its pods reach what any of these Tenants declares, and only the application can separate them", strings.Join(users, ", "), p.Name)
		}
	}
}
