package output

import (
	"fmt"
	"io"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/report"
)

// agentsTable writes what each agent of Cilium must hold, if it is known.
func agentsTable(w io.Writer, l *report.AgentLoad) error {
	if l == nil {
		return nil
	}
	policies := func(p report.PolicyLoad) string {
		return fmt.Sprintf("%s (%s)", countOf(p.Objects, p.Objects, "policy", "policies"), report.Count(p.Bytes, "byte"))
	}
	rows := grid{
		{"EACH AGENT HOLDS, AT LEAST", ""},
		{"in namespaces", policies(l.Namespaced)},
		{"cluster-wide", policies(l.Clusterwide)},
		{"pod identities", fmt.Sprintf("%d of %d", l.Identities, cilium.MaxIdentities)},
		{"largest policy map", fmt.Sprintf("%d of %d entries (%d %%), at %s", l.Largest.Entries, l.Limit, l.Percent(), l.Largest.Name)},
		{"assumed", fmt.Sprintf("one address for each DNS name (%d), no pods that are created later, and every tenant in Enforce", l.DNSNames)},
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return rows.write(w, widthOf(w))
}

// agentsJSON is nil if what agents must hold is not known.
func agentsJSON(l *report.AgentLoad) *document.Agents {
	if l == nil {
		return nil
	}
	return &document.Agents{
		Namespaced: document.PolicyLoad(l.Namespaced), Clusterwide: document.PolicyLoad(l.Clusterwide), Identities: l.Identities, DNSNames: l.DNSNames,
		PolicyMap: document.PolicyMap{Endpoint: l.Largest.Name, Entries: l.Largest.Entries, Limit: l.Limit},
	}
}
