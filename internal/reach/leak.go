package reach

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// leak is one thing that policies let pass and nothing declares, between pods and peers
// for which the same policies let it pass.
type leak struct {
	direction policy.Direction
	owner     owner
	// namespace of the subjects, "" for nodes.
	namespace       string
	opening         policy.Opening
	subjects, peers orderedSet
	// count is how many pairs of a subject and a peer there are.
	count int
	// from and to are an example: an open one, where there is one.
	from, to string
	open     bool
	// deployed reports that some subject is in the build.
	deployed bool
}

// leaks are put together where they differ in their ends alone, in the order in which
// they were found.
type leaks struct {
	list []*leak
	at   map[string]*leak
}

// leakOf is the leak that an opening belongs to.
func (l *leaks) leakOf(v view, o policy.Opening) *leak {
	o.Peers, o.Partial = nil, false
	key := policy.JSONKey([]any{v.direction, v.subject.Namespace, v.owner.String(), o})
	out := l.at[key]
	if out == nil {
		out = &leak{direction: v.direction, owner: v.owner, namespace: v.subject.Namespace, opening: o}
		if l.at == nil {
			l.at = map[string]*leak{}
		}
		l.at[key] = out
		l.list = append(l.list, out)
	}
	return out
}

func (l *leak) add(v view, peer policy.Endpoint) {
	l.count++
	l.deployed = l.deployed || !v.subject.Representative
	l.subjects.add(v.subject.Name)
	l.peers.add(peer.Name)
	if l.from == "" {
		l.setExample(v, peer)
	}
}

// setExample makes an opening the example.
func (l *leak) setExample(v view, peer policy.Endpoint) {
	l.from, l.to = v.subject.Name, peer.Name
	if v.direction == policy.Ingress {
		l.from, l.to = l.to, l.from
	}
}

// orderedSet are a set in order.
type orderedSet struct {
	list []string
	seen map[string]bool
}

func (n *orderedSet) add(name string) {
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	if !n.seen[name] {
		n.seen[name] = true
		n.list = append(n.list, name)
	}
}

// moreSuffix says how many there are beside the one that is named.
func (n *orderedSet) moreSuffix() string {
	if len(n.list) < 2 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", len(n.list)-1)
}

func (s *search) findings() report.Findings {
	out := s.conflicts.findings()
	for _, l := range s.leaks.list {
		f := report.Finding{Severity: report.Error}
		if l.owner.allowOnly() {
			f.Severity = report.Warning
		}
		switch {
		case len(l.opening.Policies) == 0:
			s.reportNotIsolated(l, &f)
		case s.IntentUnknown:
			s.reportAllowed(l, &f)
		case len(l.opening.L7.ShadowedBy) > 0:
			s.reportShadowed(l, &f)
		default:
			s.reportUndeclared(l, &f)
		}
		out = append(out, f)
	}
	return out
}

// notIsolated: whatever the policies say, everything passes.
func (s *search) reportNotIsolated(l *leak, f *report.Finding) {
	f.Check, f.Resource = report.NotIsolated, s.sourceOf(l.owner)
	whose := "of no Tenant, which scope Cluster closes"
	if t := l.owner.tenant; t != nil {
		whose = fmt.Sprintf("of Tenant %q, which is in Enforce", t.Name)
	}
	if n := l.owner.node; n != nil {
		f.Field = n.Reason.Field
		whose = fmt.Sprintf("of nodes %q, which are in Enforce", n.Name)
	}
	f.Message = fmt.Sprintf("no policy closes the %s of %s%s, %s: the policy default-deny is missing, or does nothing",
		l.direction, l.subjects.list[0], l.subjects.moreSuffix(), whose)
}

// reportAllowed reports what policies allow, where nothing is known of what is declared.
func (s *search) reportAllowed(l *leak, f *report.Finding) {
	f.Check, f.Severity, f.Resource = report.AllowedFlow, report.Info, s.policyToChange(l.opening.Policies)
	state := "the other side denies it so far"
	if l.open {
		state = "the other side allows it"
	}
	switch {
	case l.owner.tenant != nil:
		state += ", by label of Tenant " + strconv.Quote(l.owner.tenant.Name)
	case l.owner.node != nil:
		state += ", by label of nodes " + strconv.Quote(l.owner.node.Name)
	}
	f.Message = fmt.Sprintf("allows %s%s to reach %s%s on %s; %s", l.from, l.sources().moreSuffix(), l.to, l.destinations().moreSuffix(), l.portsAndL7(), state)
}

func (s *search) reportShadowed(l *leak, f *report.Finding) {
	f.Check, f.Resource = report.L7RuleShadowed, s.policyToChange(l.opening.Policies)
	f.Message = fmt.Sprintf("has L7 rules for %s that do nothing: %s allows it without, so that every request from %s%s to %s%s passes; take the rules away, or narrow the other policy",
		l.ports(), strings.Join(l.opening.L7.ShadowedBy, ", "), l.from, l.sources().moreSuffix(), l.to, l.destinations().moreSuffix())
}

func (s *search) reportUndeclared(l *leak, f *report.Finding) {
	f.Check, f.Resource = report.UndeclaredOneSided, s.policyToChange(l.opening.Policies)
	state := "so far the other end denies it"
	if l.open {
		f.Check, state = report.UndeclaredOpen, "the other end lets it pass, so it is open"
	}
	if !l.deployed {
		state += ", for " + map[bool]string{true: "nodes", false: "pods"}[l.owner.node != nil] + " that do not exist yet"
	}
	together := ""
	if len(l.opening.Policies) > 1 {
		together = " (together: " + strings.Join(l.opening.Policies, ", ") + ")"
	}
	do := "which needs a Tenant to declare it"
	if t := l.owner.tenant; t != nil {
		do = fmt.Sprintf("or declare the flow in spec.%s of Tenant %q", l.direction, t.Name)
	}
	if n := l.owner.node; n != nil {
		do = fmt.Sprintf("or declare the flow in nodes[%s].%s of the profile", n.Name, l.direction)
	}
	f.Message = fmt.Sprintf("lets %s%s reach %s%s on %s%s, which no Tenant, profile or baseline declares; %s: remove the policy, %s",
		l.from, l.sources().moreSuffix(), l.to, l.destinations().moreSuffix(), l.portsAndL7(), together, state, do)
}

// sources are the sources of what leaks, otherEnds the destinations.
func (l *leak) sources() *orderedSet {
	if l.direction == policy.Egress {
		return &l.subjects
	}
	return &l.peers
}

func (l *leak) destinations() *orderedSet {
	if l.direction == policy.Egress {
		return &l.peers
	}
	return &l.subjects
}

func (l *leak) ports() portRange {
	return portRange{l.opening.Protocol, l.opening.First, l.opening.Last}
}

// portsAndL7 is the ports, and the part of what is spoken there.
func (l *leak) portsAndL7() string {
	if l.opening.L7.Unrestricted() {
		return l.ports().String()
	}
	return l.ports().String() + ", " + l.opening.L7.String()
}

// policyToChange is the policy to look at: one that is not the fence's, where there is one.
func (s *search) policyToChange(by []string) report.Ref {
	i := max(0, slices.IndexFunc(by, func(name string) bool {
		p := s.Policies[name]
		return p != nil && p.Fence != s.Fence.Name
	}))
	if p := s.Policies[by[i]]; p != nil {
		return p.Ref
	}
	return report.Ref{Kind: "policy", Name: by[i]}
}

func (o portRange) String() string {
	switch {
	case o.protocol == "":
		return "every port of every protocol"
	case policy.PortRange{Protocol: o.protocol, First: o.first, Last: o.last}.IsAllPorts():
		return "every port of " + string(o.protocol)
	case o.first != o.last:
		return fmt.Sprintf("ports %d-%d/%s", o.first, o.last, o.protocol)
	default:
		return fmt.Sprintf("port %d/%s", o.first, o.protocol)
	}
}
