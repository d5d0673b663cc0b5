package resolve

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// reportProfile reports what the defaults allow and a profile may narrow, and what policies cannot do.
func (r *advisePass) reportProfile() {
	ref, path := r.profile.Ref, r.profile.Path
	r.refuseSubdomains(ref, r.profile.Spec.Baseline.DNS.Names, path.Child("baseline", "dns", "names"))
	if r.index.WithoutResources {
		r.report(report.Info, report.GeneratorSeesNoResources, ref, nil, "a generator sees no other resources, so it is unknown whether namespaces, pods and ports exist: list the fence in transformers to check them")
	}
	if allowOnlyTenants := r.allowOnlyTenants(); len(allowOnlyTenants) > 0 {
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
}

// reportTenantsMissing reports that the build has no Tenants.
func (r *advisePass) reportTenantsMissing() {
	exception := ""
	if len(r.fence.Nodes()) > 0 {
		exception = " except host policies"
	}
	r.warn(report.TenantsMissing, r.profile.Ref, nil, "the build has no Tenants, so the fence generates nothing%s and removes its earlier policies: list the Tenants in this layer, or in one below it", exception)
}

func (r *advisePass) allowOnlyTenants() []string {
	var out []string
	for _, t := range r.tenants {
		if t.Enforcement == v1alpha1.AllowOnly {
			out = append(out, t.Name)
		}
	}
	return out
}

// reportAllowIsolates reports that an allow isolates the pods that it selects.
func (r *advisePass) reportAllowIsolates() {
	const what = "an allow isolates the pods that it selects, so every stage denies what it does not allow, and tenants in AllowOnly get no policies"
	switch at := r.profile.Path; {
	case r.usesNetworkPolicies() && len(r.allowOnlyTenants()) == 0:
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
func (r *advisePass) reportEarlyDNSNames() {
	enforced := slices.ContainsFunc(r.tenants, func(t *tenant) bool { return t.Enforcement == v1alpha1.Enforce })
	additive := r.supports(cilium.AdditivePolicies)
	if enforced && additive && !r.supports(cilium.WildcardL7) && !slices.Contains(r.profile.Spec.Baseline.DNS.Names, "*") {
		r.warn(report.DNSNamesDenyEarly, r.profile.Ref, r.profile.Path.Child("baseline", "dns", "names"),
			"before Cilium %s, the stage Baseline already denies all other DNS names to tenants in Enforce: keep them in AllowOnly until the list of names is complete", cilium.WildcardL7.Introduced())
	}
}

// reportSharedEgressPoints names the tenants that share an egress point: its pods reach what any
// of them declares.
func (r *advisePass) reportSharedEgressPoints() {
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

// reportSharedEgressProxy names the tenants that share the egress proxy.
func (r *advisePass) reportSharedEgressProxy() {
	if r.fence.EgressProxy == nil {
		return
	}
	var users []string
	for _, a := range r.fence.EgressProxy.Allowed {
		users = append(users, a.Tenant)
	}
	slices.Sort(users)
	if users = slices.Compact(users); len(users) > 1 {
		r.report(report.Info, report.EgressProxyShared, r.profile.Ref, r.profile.Path.Child("egressProxy"),
			"%s share the egress proxy, which does not distinguish their pods: each of these Tenants may reach the names of all", strings.Join(users, ", "))
	}
}

// reportDefaultDeny reports the reach of a cluster-wide default-deny.
func (r *advisePass) reportDefaultDeny() {
	if r.deniesUnclaimed() {
		r.report(report.Info, report.AllNamespacesDefaultDenied, r.profile.Ref, r.profile.Path.Child("scope"),
			"default-deny applies to every namespace of the cluster, also outside this build, except tenants in AllowOnly and %s: add further exceptions to excludedNamespaces with the reason",
			strings.Join(r.fence.Clusterwide.Excluded, ", "))
	}
}

// reportEarlyL7 warns that L7 rules take effect before the last stage.
func (r *advisePass) reportEarlyL7() {
	if !r.supports(cilium.AdditivePolicies) || r.supports(cilium.WildcardL7) {
		return
	}
	var reasons []string
	for _, g := range r.fence.Grants {
		if !r.deniesEarly(g) {
			continue
		}
		for _, d := range []*policy.Declaration{g.Source, g.Destination} {
			if d != nil {
				reasons = append(reasons, d.Reason.String())
			}
		}
	}
	if len(reasons) > 0 {
		slices.Sort(reasons)
		r.warn(report.L7DeniesEarly, r.profile.Ref, r.profile.Path.Child("cluster", "ciliumVersion"),
			"before Cilium %s, the stage Allow already denies what http, dns and tls do not allow on the ports of these flows of tenants and nodes in Enforce (%s): keep the tenants and nodes in AllowOnly until the rules are complete",
			cilium.WildcardL7.Introduced(), strings.Join(slices.Compact(reasons), ", "))
	}
}

// deniesEarly reports whether the egress or ingress side of a grant has L7 rules and is enforced.
func (r *advisePass) deniesEarly(g policy.Grant) bool {
	// The baseline allows other names to tenants, and none to nodes.
	names := g.To.Kind == policy.FQDNs && g.From.Kind == policy.Nodes
	return (names || !g.L7.Unrestricted()) && r.fence.IsEnforced(g.From) || len(g.L7.HTTP) > 0 && r.fence.IsEnforced(g.To)
}
