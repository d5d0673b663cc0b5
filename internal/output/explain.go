package output

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/document"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// ExplainJSON writes the answer of explain for programs.
func ExplainJSON(w io.Writer, e report.Explanation) error {
	out := document.Explain{
		From: e.From, To: e.To, Decision: string(e.Decision()), AsEnforced: e.AsEnforced, Flows: []document.ExplainedFlow{}, Proposals: []document.Proposal{},
		Findings: findingsJSON(e.Findings), FindingCounts: findingCountsJSON(e.Findings),
	}
	for _, f := range e.Flows {
		out.Flows = append(out.Flows, document.ExplainedFlow{
			From: f.Flow.From.Name, To: f.Flow.To.Name, Port: f.Flow.PortText(), Decision: string(f.Verdict.Decision()), Note: f.Verdict.Note,
			Egress: explainedSideJSON(f.Egress, flow.Egress), Ingress: explainedSideJSON(f.Ingress, flow.Ingress),
		})
	}
	for _, p := range e.Proposals {
		out.Proposals = append(out.Proposals, document.Proposal{From: p.From, To: p.To, Ports: nonNil(p.Ports), Entries: entriesJSON(p.Entries), Limits: entriesJSON(p.Limits), Contradicts: nonNil(p.Contradicts), Problem: p.Problem})
	}
	return encode(w, out)
}

func explainedSideJSON(s report.ExplainedSide, d flow.Direction) document.ExplainedSide {
	side := sideJSON(s.Side)
	out := document.ExplainedSide{
		Decision: side.Decision, Policies: side.Policies, L7: side.L7, ShadowedBy: nonNil(s.L7.ShadowedBy.Names()), DeclaredBy: nonNil(s.DeclaredBy), Owner: s.Subject.Owner,
	}
	if s.Subject.IsSelected() {
		out.Selected = selectedJSON(s.Subject, d)
	}
	if n := s.Nearest; n != nil {
		out.Nearest = &document.NearMiss{Differs: string(n.Differs), Policies: nonNil(n.Policies.Names()), DeclaredBy: nonNil(n.DeclaredBy), Text: n.Text}
	}
	return out
}

func entriesJSON(all []report.ProposedEntry) []document.ProposedEntry {
	out := []document.ProposedEntry{}
	for _, e := range all {
		out = append(out, document.ProposedEntry{Resource: e.Resource.String(), File: e.Resource.File, Field: e.Field, YAML: e.YAML})
	}
	return out
}

// Explain writes the answer of explain for people.
func Explain(w io.Writer, e report.Explanation, detail Detail) error {
	var b strings.Builder
	for i, g := range groupFlows(e.Flows) {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(explainedText(g, detail))
	}
	for _, p := range e.Proposals {
		b.WriteString(proposalText(p))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// groupFlows joins flows that the same policies decide alike, and that have the same nearest policies.
func groupFlows(all []report.ExplainedFlow) [][]report.ExplainedFlow {
	var out [][]report.ExplainedFlow
	at := map[string]int{}
	for _, f := range all {
		key := endpoints.JSONKey([]any{f.Verdict, nearestKey(f.Egress), nearestKey(f.Ingress)})
		if i, known := at[key]; known {
			out[i] = append(out[i], f)
			continue
		}
		at[key] = len(out)
		out = append(out, []report.ExplainedFlow{f})
	}
	return out
}

func nearestKey(s report.ExplainedSide) []any {
	if s.Nearest == nil {
		return nil
	}
	return []any{s.Nearest.Differs, s.Nearest.Policies}
}

var decisionTexts = map[flow.Decision]string{flow.Allowed: "is allowed", flow.Denied: "is denied", flow.Depends: "is allowed in some cases only"}

// explainedText is the decision of flows that are decided alike, and the sides of the first.
func explainedText(g []report.ExplainedFlow, detail Detail) string {
	f := g[0]
	out := f.Flow.String() + " " + decisionTexts[f.Verdict.Decision()]
	if f.Verdict.Decision() == flow.Allowed && (!f.Verdict.Egress.L7.Unrestricted() || !f.Verdict.Ingress.L7.Unrestricted()) {
		out += ", for some requests only"
	}
	switch denies := denyingSides(f.Verdict); len(denies) {
	case 1:
		out += " by the " + denies[0] + " side"
	case 2:
		out += " by both sides"
	}
	out += "\n"
	if len(g) > 1 {
		var others []string
		for _, o := range g[1:] {
			others = append(others, o.Flow.String())
		}
		if detail != Verbose {
			others = []string{report.Brief(others)}
		}
		out += "and so is " + strings.Join(others, "\nand so is ") + "\n"
	}
	out += sideText(f.Egress, flow.Egress) + sideText(f.Ingress, flow.Ingress)
	if f.Verdict.Note != "" {
		out += "  note: " + f.Verdict.Note + "\n"
	}
	return out
}

func denyingSides(v flow.Verdict) []string {
	var out []string
	if v.Egress.Decision == flow.Denied {
		out = append(out, string(flow.Egress))
	}
	if v.Ingress.Decision == flow.Denied {
		out = append(out, string(flow.Ingress))
	}
	return out
}

// sideText explains one side of a flow.
func sideText(s report.ExplainedSide, d flow.Direction) string {
	if !s.Subject.IsSelected() {
		return fmt.Sprintf("  %s at %s: no policy selects it\n", d, report.EndpointName(&s.Subject.Endpoint))
	}
	out := fmt.Sprintf("  %s at %s", d, report.EndpointName(&s.Subject.Endpoint))
	if s.Subject.Owner != "" {
		out += " (" + s.Subject.Owner + ")"
	}
	out += ": " + sideDecision(s, d) + "\n"
	line := func(name, text string) {
		if text != "" {
			out += "    " + name + ": " + text + "\n"
		}
	}
	line("declared by", strings.Join(s.DeclaredBy, ", "))
	if shadowed := s.L7.ShadowedBy; len(shadowed) > 0 {
		line("shadowed", fmt.Sprintf("%s allows everything on the port, so the L7 rules of the others have no effect", shadowed))
	}
	line("state", s.Subject.State(d))
	switch n := s.Nearest; {
	case n != nil:
		by := n.Policies.String()
		if len(n.DeclaredBy) > 0 {
			by += " (" + strings.Join(n.DeclaredBy, ", ") + ")"
		}
		line("nearest", by+" "+n.Text)
	case s.Decision == flow.Denied && !s.DenyRule:
		line("nearest", "none: the policies have no rule for this port or this peer")
	}
	return out
}

// sideDecision is the decision of a side, with the policies that decide.
func sideDecision(s report.ExplainedSide, d flow.Direction) string {
	switch {
	case s.DenyRule:
		return fmt.Sprintf("denied by a deny rule of %s, which overrides every rule that allows", s.Policies)
	case s.Decision == flow.Allowed && len(s.Policies) == 0 && s.Subject.Isolated[d]:
		return "allowed, since a node always reaches its own pods"
	}
	return s.String()
}

// proposalText lists what to add to allow a flow.
func proposalText(p report.Proposal) string {
	ports := strings.Join(p.Ports, ", ")
	if slices.Contains(p.Ports, "*") {
		ports = "every port"
	}
	what := fmt.Sprintf("%s -> %s on %s", p.From, p.To, ports)
	if p.Problem != "" {
		return fmt.Sprintf("\nNo entry is proposed for %s: %s\n", what, p.Problem)
	}
	out := fmt.Sprintf("\nTo allow %s and nothing else, add:\n", what)
	for _, e := range p.Entries {
		out += entryText(e)
	}
	if len(p.Limits) > 0 {
		out += "The limits of the profile do not allow it yet. The platform team adds (for one Tenant alone: in an entry of overrides):\n"
		for _, e := range p.Limits {
			out += entryText(e)
		}
	}
	if len(p.Contradicts) > 0 {
		out += "The build is refused until this changes, too: " + strings.Join(p.Contradicts, ", ") + "\n"
	}
	return out
}

func entryText(e report.ProposedEntry) string {
	out := "  " + e.Resource.String()
	if e.Resource.File != "" {
		out += " (" + e.Resource.File + ")"
	}
	out += ", append to " + e.Field + ":\n"
	for line := range slices.Values(strings.Split(strings.TrimSuffix(e.YAML, "\n"), "\n")) {
		out += "    " + line + "\n"
	}
	return out
}
