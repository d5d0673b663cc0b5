package reach

import (
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// addShadowed records the declared flows that set and shadow the L7 rules of an opening.
func (l *leak) addShadowed(v view, o flow.Opening, peer endpoints.Endpoint) {
	named := slices.Concat(peer.Ports, peer.SameIdentityPorts)
	if v.direction == flow.Ingress {
		named = v.subject.Ports
	}
	at := o.Ports
	for _, w := range v.expected(peer) {
		if !slices.ContainsFunc(portRangesOf(w.Ports, named), at.Overlaps) {
			continue
		}
		reasons := &l.restricted
		if w.L7.Unrestricted() {
			reasons = &l.unrestricted
		}
		if !slices.Contains(*reasons, w.Reason) {
			*reasons = append(*reasons, w.Reason)
		}
	}
}

// shadowedFindings report L7 rules without effect, once for the flows that set and shadow them.
func (s *search) shadowedFindings(list []*leak) report.Findings {
	var order []string
	byKey := map[string][]*leak{}
	for _, l := range list {
		key := endpoints.JSONKey([]any{l.direction, l.severity(), l.restricted, l.unrestricted, s.policyToChange(l.opening.Policies), l.opening.L7.ShadowedBy})
		if byKey[key] == nil {
			order = append(order, key)
		}
		byKey[key] = append(byKey[key], l)
	}
	var out report.Findings
	for _, key := range order {
		g := &leakGroup{leaks: byKey[key], policy: s.policyToChange(byKey[key][0].opening.Policies)}
		out = append(out, s.shadowed(g))
	}
	return out
}

// shadowed reports L7 rules without effect, at the flow that sets them or at a hand-written
// policy.
func (s *search) shadowed(g *leakGroup) report.Finding {
	l := g.leaks[0]
	resource, field, rules := g.policy, "", "L7 rules"
	if len(l.restricted) > 0 && s.generated(l.opening.Policies) {
		resource, field = s.source(l.restricted[0]), l.restricted[0].Field
		if len(l.restricted) > 1 {
			rules = "the L7 rules of " + report.Brief(reasonTexts(l.restricted))
		}
	}
	var ports allowedParts
	for _, one := range g.leaks {
		o := one.opening
		o.L7 = flow.L7{}
		ports.add(o)
	}
	sources, destinations := g.side(l.from, (*leak).sources), g.side(l.to, (*leak).destinations)
	f := report.New(report.L7RuleShadowed, l.severity(), resource, field,
		"%s on %s have no effect: %s without L7 rules, so every request from %s%s to %s%s is allowed: add L7 rules there, narrow its peers or ports, or remove the rules",
		rules, ports.text(s.Fence.Handles, inMessage), s.shadowedBy(l), l.from, sources.moreSuffix(), l.to, destinations.moreSuffix())
	s.addDetails(&f, g)
	return f
}

// shadowedBy is "a allows the same", for the declared flows and hand-written policies that do.
func (s *search) shadowedBy(l *leak) string {
	out := reasonTexts(l.unrestricted)
	for _, id := range l.opening.L7.ShadowedBy {
		if len(l.unrestricted) == 0 || !s.generated(flow.Policies{id}) {
			out = append(out, "policy "+id.String())
		}
	}
	if len(out) == 1 {
		return out[0] + " allows the same"
	}
	return report.Brief(out) + " allow the same"
}

// generated reports whether all of the policies are the fence's own.
func (s *search) generated(policies flow.Policies) bool {
	return !slices.ContainsFunc(policies, func(id flow.PolicyID) bool {
		p := s.Policies[id]
		return p == nil || p.Fence != s.Fence.Name
	})
}

func reasonTexts(reasons []report.Reason) []string {
	var out []string
	for _, r := range reasons {
		out = append(out, strings.TrimSpace(r.String()))
	}
	return out
}
