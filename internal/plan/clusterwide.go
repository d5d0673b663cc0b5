package plan

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// clusterwide writes once what scope Namespace writes into every namespace. A policy
// that selected namespaces by a label would leave one open that nobody labelled, and by
// name, change with every tenant: so these select all but the few that are apart.
func clusterwide(f *policy.Fence) []policy.Policy {
	if f.Clusterwide == nil || len(f.Tenants) == 0 {
		return nil
	}
	out := clusterwideDNS(f)
	if f.Baseline.APIServer != nil {
		out = append(out, allowEverywhere(f, policy.APIServer, apiServerRule(f), "baseline.apiServer"))
	}
	if f.Baseline.Monitoring != nil {
		out = append(out, allowEverywhere(f, policy.Monitoring, monitoringRule(f), "baseline.monitoring"))
	}
	closing := []policy.Reason{f.Profile.In("scope")}
	if f.Clusterwide.Enforcement == v1alpha1.Enforce {
		closing = append(closing, f.Profile.In("enforcement"))
	}
	if span, ok := f.SpanOf(v1alpha1.Enforce); ok {
		out = append(out, policy.Policy{
			Name: clusterwideName(f, "default-deny"), Span: &span, Family: policy.DefaultDeny, Closes: policy.Directions(),
			Reasons: askedFor(f, v1alpha1.Enforce, closing...),
		})
	}
	return out
}

// clusterwideName is unique among the fences of a cluster. A fence's name holds no dot.
func clusterwideName(f *policy.Fence, name string) string { return f.Name + "." + name }

func allowEverywhere(f *policy.Fence, family policy.Family, rule policy.Rule, field string) policy.Policy {
	span := f.Span()
	return policy.Policy{
		Name: clusterwideName(f, "allow-"+string(family)), Span: &span, Family: family,
		Rules: []policy.Rule{rule}, Reasons: []policy.Reason{f.Profile.In(field)},
	}
}

// clusterwideDNS needs two policies where names are narrowed: in Audit none may be
// denied.
func clusterwideDNS(f *policy.Fence) []policy.Policy {
	everywhere := allowEverywhere(f, policy.DNS, dnsRule(f, nil), "baseline.dns")
	if anyName(f) {
		return []policy.Policy{everywhere}
	}
	var out []policy.Policy
	if span, ok := f.SpanOf(v1alpha1.Enforce); ok {
		narrowed := everywhere
		narrowed.Span, narrowed.Rules = &span, []policy.Rule{dnsRule(f, f.Baseline.DNS.Names)}
		narrowed.Reasons = askedFor(f, v1alpha1.Enforce, everywhere.Reasons...)
		out = append(out, narrowed)
	}
	if span, ok := f.SpanOf(v1alpha1.Audit); ok {
		audited := everywhere
		audited.Name, audited.Span = audited.Name+"-in-audit", &span
		audited.Reasons = askedFor(f, v1alpha1.Audit, everywhere.Reasons...)
		out = append(out, audited)
	}
	return out
}

// askedFor are the fields behind a policy about the namespaces of one enforcement: some
// of the profile and, where tenants are named, those by which they are.
func askedFor(f *policy.Fence, e v1alpha1.Enforcement, fields ...policy.Reason) []policy.Reason {
	if f.Clusterwide.Enforcement == e {
		return fields
	}
	fields = slices.Clone(fields)
	for _, t := range f.Tenants {
		if t.Enforcement == e && !slices.Contains(fields, t.EnforcementReason) {
			fields = append(fields, t.EnforcementReason)
		}
	}
	return fields
}
