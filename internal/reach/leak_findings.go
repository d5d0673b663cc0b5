package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

func (s *search) findings() report.Findings {
	out := s.conflicts.findings()
	var undeclared, shadowed []*leak
	for _, l := range s.leaks.list {
		switch {
		case len(l.opening.Policies) == 0:
			out = append(out, s.notIsolated(l))
		case !s.IntentUnknown && len(l.opening.L7.ShadowedBy) > 0:
			shadowed = append(shadowed, l)
		default:
			undeclared = append(undeclared, l)
		}
	}
	out = append(out, s.shadowedFindings(shadowed)...)
	for _, g := range s.group(undeclared) {
		f := s.undeclared(g)
		if s.IntentUnknown {
			f = s.allowed(g)
		}
		s.addDetails(&f, g)
		out = append(out, f)
	}
	return out
}

// severity returns a warning in AllowOnly.
func (l *leak) severity() report.Severity {
	if isAllowOnly(l.owner) {
		return report.Warning
	}
	return report.Error
}

// notIsolated reports subjects at which everything is allowed, whatever the policies allow.
func (s *search) notIsolated(l *leak) report.Finding {
	field, of := "", "of no Tenant, which scope Cluster default-denies"
	switch o := l.owner; {
	case o == nil:
	case o.IsNodes():
		field, of = o.Reason.Field, "of "+o.Describe()+", which are in Enforce"
	default:
		of = "of " + o.Describe() + ", which is in Enforce"
	}
	return report.New(report.NotIsolated, l.severity(), s.sourceOf(l.owner), field,
		"no policy isolates the %s of %s%s, %s: the policy default-deny is missing or has no effect: build again, or find the layer that changes it",
		l.direction, l.subjects.list[0], l.subjects.moreSuffix(), of)
}

// allowed reports what policies allow, where the intent is unknown.
func (s *search) allowed(g *leakGroup) report.Finding {
	state := "the other side denies it so far"
	if g.open {
		state = "the other side allows it"
	}
	if o := g.leaks[0].owner; o != nil {
		state += ", by label of " + o.Describe()
	}
	return report.New(report.AllowedFlow, report.Info, g.policy, "", "allows %s; %s", s.flows(g), state)
}

// undeclared reports what a policy allows and nothing declares.
func (s *search) undeclared(g *leakGroup) report.Finding {
	check, state := report.UndeclaredOneSided, "only the other side denies"
	if g.open {
		check, state = report.UndeclaredOpen, "both sides allow"
	}
	if !slices.ContainsFunc(g.leaks, func(l *leak) bool { return l.deployed }) {
		o := g.leaks[0].owner
		state += ", for " + map[bool]string{true: "nodes", false: "pods"}[o != nil && o.IsNodes()] + " outside the build"
	}
	together := ""
	if others := s.otherPolicies(g); len(others) > 0 {
		together = " (together with " + report.Brief(others) + ")"
	}
	return report.New(check, g.leaks[0].severity(), g.policy, "", "allows %s%s, which nothing declares and %s: remove or narrow the policy, %s",
		s.flows(g), together, state, g.declareFix())
}

// differ reports whether some pairs have fewer ports or L7 rules than others.
func (s *search) differ(g *leakGroup) bool {
	whole := s.textOf(g.leaks, noLimit)
	return slices.ContainsFunc(g.pairLines(), func(line *pairLine) bool { return s.textOf(line.leaks, noLimit) != whole })
}

// flows are "a to reach b on port 80/TCP", with the number of further sources and destinations.
func (s *search) flows(g *leakGroup) string {
	l, ports := g.leaks[0], g.text
	if s.differ(g) {
		ports += " (some of them on fewer)"
	}
	subjects, peers := g.side(l.subject(), (*leak).subjectSet).moreSuffix(), g.morePeers()
	if l.direction == flow.Ingress {
		return fmt.Sprintf("%s%s to reach %s%s on %s", l.from, peers, l.to, subjects, ports)
	}
	return fmt.Sprintf("%s%s to reach %s%s on %s", l.from, subjects, l.to, peers, ports)
}

// declareFix is what to write to declare the flows of a group.
func (g *leakGroup) declareFix() string {
	l := g.leaks[0]
	var owners orderedSet
	for _, one := range g.leaks {
		owners.add(one.owner.String())
	}
	switch o := l.owner; {
	case o == nil:
		return "or add a Tenant for these pods that declares the flow"
	case o.IsNodes():
		return fmt.Sprintf("or declare the flow in nodes[%s].%s of the profile%s", o.Name, l.direction, owners.moreSuffix())
	default:
		return fmt.Sprintf("or declare the flow in spec.%s of %s%s", l.direction, o.Describe(), owners.moreSuffix())
	}
}

// policyToChange returns the first hand-written policy or, if none is hand-written, the first
// policy.
func (s *search) policyToChange(policies flow.Policies) report.Ref {
	i := max(0, slices.IndexFunc(policies, func(id flow.PolicyID) bool {
		p := s.Policies[id]
		return p != nil && p.Fence != s.Fence.Name
	}))
	if p := s.Policies[policies[i]]; p != nil {
		return p.Ref
	}
	return report.Ref{Kind: "policy", Name: policies[i].String()}
}
