package plan

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// clusterwide plans once what scope Namespace plans for every namespace. These policies select all
// namespaces except the excluded ones: a selector by label would not select unlabelled namespaces,
// and a selector by name would change with every tenant.
func clusterwide(f *policy.Fence) []policy.Policy {
	if f.Clusterwide == nil || len(f.Tenants()) == 0 {
		return nil
	}
	out := clusterwideDNS(f)
	if f.Baseline.APIServer != nil {
		out = append(out, clusterwideAllow(f, policy.APIServer, apiServerRule(f), "baseline.apiServer"))
	}
	if f.Baseline.Monitoring != nil {
		out = append(out, clusterwideAllow(f, policy.Monitoring, monitoringRule(f), "baseline.monitoring"))
	}
	reasons := []report.Reason{f.Profile.Child("scope")}
	if f.Clusterwide.Enforcement == v1alpha1.Enforce {
		reasons = append(reasons, f.Profile.Child("enforcement"))
	}
	if scope, ok := f.NamespaceScopeFor(v1alpha1.Enforce); ok {
		out = append(out, policy.Policy{
			Name: clusterwideName(f, "default-deny"), NamespaceScope: &scope, Family: policy.DefaultDeny, DefaultDeny: flow.Directions(),
			Reasons: reasonsFor(f, v1alpha1.Enforce, reasons...),
		})
	}
	return out
}

// clusterwideName is unique among the fences of a cluster, because a fence's name has no dot.
func clusterwideName(f *policy.Fence, name string) string { return f.Name + "." + name }

func clusterwideAllow(f *policy.Fence, family policy.Family, rule policy.Rule, field string) policy.Policy {
	scope := f.NamespaceScope()
	return policy.Policy{
		Name: clusterwideName(f, "allow-"+string(family)), NamespaceScope: &scope, Family: family,
		Rules: []policy.Rule{rule}, Reasons: []report.Reason{f.Profile.Child(field)},
	}
}

// clusterwideDNS needs two policies if DNS names are restricted, because nothing may be denied in
// AllowOnly.
func clusterwideDNS(f *policy.Fence) []policy.Policy {
	base := clusterwideAllow(f, policy.DNS, dnsRule(f, nil), "baseline.dns")
	if anyName(f) {
		scope, _ := f.DNSScope(*base.NamespaceScope)
		base.NamespaceScope = &scope
		return []policy.Policy{base}
	}
	var out []policy.Policy
	if scope, ok := dnsScopeFor(f, v1alpha1.Enforce); ok {
		narrowed := base
		narrowed.NamespaceScope, narrowed.Rules = &scope, []policy.Rule{dnsRule(f, f.Baseline.DNS.Names)}
		narrowed.Reasons = reasonsFor(f, v1alpha1.Enforce, base.Reasons...)
		out = append(out, narrowed)
	}
	if scope, ok := dnsScopeFor(f, v1alpha1.AllowOnly); ok {
		allowOnly := base
		allowOnly.Name, allowOnly.NamespaceScope = allowOnly.Name+"-in-audit", &scope
		allowOnly.Reasons = reasonsFor(f, v1alpha1.AllowOnly, base.Reasons...)
		out = append(out, allowOnly)
	}
	return out
}

// dnsScopeFor returns the namespaces of one enforcement whose pods all have the baseline's DNS, and
// whether any exist.
func dnsScopeFor(f *policy.Fence, e v1alpha1.Enforcement) (policy.NamespaceScope, bool) {
	scope, ok := f.NamespaceScopeFor(e)
	if !ok {
		return scope, false
	}
	return f.DNSScope(scope)
}

// reasonsFor returns the fields behind a policy for the namespaces of one enforcement: fields of
// the profile and, if the policy names tenants, the fields that set their enforcement.
func reasonsFor(f *policy.Fence, e v1alpha1.Enforcement, fields ...report.Reason) []report.Reason {
	if f.Clusterwide.Enforcement == e {
		return fields
	}
	fields = slices.Clone(fields)
	for _, t := range f.Tenants() {
		if t.Enforcement == e && !slices.Contains(fields, t.EnforcementReason) {
			fields = append(fields, t.EnforcementReason)
		}
	}
	return fields
}
