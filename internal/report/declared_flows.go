package report

import (
	"fmt"
	"strings"
)

// DeclaredFlows are the flows that Tenants and the profile declare: every entry of ingress, egress,
// agentIngress and the baseline. Every flow is in exactly one field.
type DeclaredFlows struct {
	// Allowed counts the flows that are fully allowed, on both sides.
	Allowed int
	// PartlyAllowed flows are allowed between some of their endpoints, on some of their ports, or
	// for some of their rules.
	PartlyAllowed []Reason
	Denied        []Reason
	// WithoutEffect flows are in no policy: optional flows that are inactive, and flows without a
	// peer.
	WithoutEffect []Reason
	// Undecided flows have a part that cannot be decided.
	Undecided []Reason
}

// Total is the number of flows.
func (d DeclaredFlows) Total() int {
	return d.Allowed + len(d.PartlyAllowed) + len(d.Denied) + len(d.WithoutEffect) + len(d.Undecided)
}

// String is "7 declared flows allowed on both sides" or, where some are not, "9 declared flows: 7
// allowed on both sides, 1 allowed in part (Tenant/acme spec.egress[llm]), 1 undecided (…)".
func (d DeclaredFlows) String() string {
	if d.Allowed == d.Total() {
		return Count(d.Allowed, "declared flow") + " allowed on both sides"
	}
	parts := []string{fmt.Sprintf("%d allowed on both sides", d.Allowed)}
	for _, part := range []struct {
		flows []Reason
		what  string
	}{
		{d.PartlyAllowed, "allowed in part"}, {d.Denied, "denied"}, {d.WithoutEffect, "without effect"}, {d.Undecided, "undecided"},
	} {
		if n := len(part.flows); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, part.what, Brief(ReasonStrings(part.flows))))
		}
	}
	return Count(d.Total(), "declared flow") + ": " + strings.Join(parts, ", ")
}

// ReasonStrings formats reasons.
func ReasonStrings(reasons []Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.String())
	}
	return out
}
