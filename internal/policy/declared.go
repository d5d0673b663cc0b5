package policy

import (
	"fmt"
	"strings"
)

// DeclaredFlows are what Tenants and the profile declare, each flow once: every entry of
// ingress, egress and agentIngress, and of the baseline. Every flow is in one of the fields.
type DeclaredFlows struct {
	// Allowed is how many are allowed in whole, at both sides.
	Allowed int
	// PartlyAllowed are allowed in part: between some of their endpoints, on some of their ports, or
	// for some of their rules.
	PartlyAllowed []Reason
	Denied        []Reason
	// WithoutEffect are in no policy: optional flows that are off, and flows without a peer.
	WithoutEffect []Reason
	// Undecided are those of which some part cannot be decided.
	Undecided []Reason
}

// Total is how many there are.
func (d DeclaredFlows) Total() int {
	return d.Allowed + len(d.PartlyAllowed) + len(d.Denied) + len(d.WithoutEffect) + len(d.Undecided)
}

// String is "7 declared flows allowed at both ends" or, where some are not, "9 declared flows:
// 7 allowed at both ends, 1 allowed in part (Tenant/acme spec.egress[llm]), 1 not decided (…)".
func (d DeclaredFlows) String() string {
	if d.Allowed == d.Total() {
		return Count(d.Allowed, "declared flow") + " allowed at both ends"
	}
	parts := []string{fmt.Sprintf("%d allowed at both ends", d.Allowed)}
	for _, part := range []struct {
		flows []Reason
		what  string
	}{
		{d.PartlyAllowed, "allowed in part"}, {d.Denied, "denied"}, {d.WithoutEffect, "without effect"}, {d.Undecided, "not decided"},
	} {
		if n := len(part.flows); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, part.what, Brief(ReasonStrings(part.flows))))
		}
	}
	return Count(d.Total(), "declared flow") + ": " + strings.Join(parts, ", ")
}

// ReasonStrings spells reasons.
func ReasonStrings(reasons []Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, r.String())
	}
	return out
}
