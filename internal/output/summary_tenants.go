package output

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
)

// namedTenants is the number of tenants that a summary names at least, if they have errors or are in
// Enforce.
const namedTenants = 10

// byImportance sorts tenants: those with errors, those in Enforce, and then the others.
func byImportance(r report.Report) []report.TenantFlows {
	rank := func(t report.TenantFlows) int {
		switch {
		case slices.ContainsFunc(r.Findings.Errors(), func(f report.Finding) bool {
			return f.Resource.Kind == v1alpha1.KindTenant && f.Resource.Name == t.Tenant
		}):
			return 0
		case t.Enforcement == v1alpha1.Enforce:
			return 1
		}
		return 2
	}
	return slices.SortedStableFunc(slices.Values(r.Subject.Tenants), func(a, b report.TenantFlows) int { return cmp.Compare(rank(a), rank(b)) })
}

// tenantsLines lists the flows of tenants, as far as they fit. The first tenants in Enforce have at
// least a line.
func tenantsLines(tenants []report.TenantFlows, detail Detail) []string {
	var out []string
	for i, t := range tenants {
		lines := tenantFlows(t, detail)
		if detail != Verbose && len(lines) > maxTenantLines {
			lines = append(lines[:maxTenantLines-1], strings.Repeat(" ", summaryIndent)+"… (-v lists all)")
		}
		if detail != Verbose && len(out)+len(lines) > tenantLines {
			if i >= namedTenants || t.Enforcement != v1alpha1.Enforce {
				return append(out, entry("", fmt.Sprintf("… and %s (-v lists all)", report.Count(len(tenants)-i, "more tenant")))...)
			}
			lines = lines[:1]
		}
		out = append(out, lines...)
	}
	return out
}

// shortFlows are the peers of flows alone, if the text with the names of flows is too long.
func shortFlows(text string, flows []report.NamedFlow, arrow string, detail Detail) string {
	const most = 2
	if detail == Verbose || len(wrap(text, summaryWidth-summaryIndent)) <= most {
		return text
	}
	var peers []string
	for _, f := range flows {
		for _, p := range f.Peers {
			if f.Via != "" {
				p += " via " + f.Via
			}
			if !slices.Contains(peers, p) {
				peers = append(peers, p)
			}
		}
	}
	if short := arrow + " " + strings.Join(peers, ", "); len(short) < len(text) {
		return short
	}
	return text
}
