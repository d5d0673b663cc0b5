package reach

import (
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// view is a fenced pod or node in one direction, with its declared flows.
type view struct {
	fence     *policy.Fence
	subject   endpoints.Endpoint
	direction flow.Direction
	// owner is the tenant of a pod, or the nodes that a node belongs to. Nil: the namespace is
	// unclaimed.
	owner *policy.Owner
	// byNamespace are the declared flows with pods of one namespace, others the rest.
	byNamespace map[string][]Expected
	others      []Expected
}

// isAllowOnly reports whether an owner is in AllowOnly.
func isAllowOnly(o *policy.Owner) bool { return o != nil && o.Enforcement != v1alpha1.Enforce }

// viewOf collects what a pod or node may do.
func (x *Expectation) viewOf(subject endpoints.Endpoint, d flow.Direction) view {
	v := view{fence: x.fence, subject: subject, direction: d, byNamespace: map[string][]Expected{}}
	if subject.Kind == endpoints.NodeEndpoint {
		x.viewOfNode(&v)
		return v
	}
	v.owner = x.fence.OwnerOfPod(subject.Namespace, subject.Labels)
	for _, w := range x.expectedAt(subject.Namespace, d) {
		if endpoints.Selects(w.Subject, subject.Labels) {
			v.addExpected(w)
		}
	}
	return v
}

// viewOfNode collects what a node may do, of whichever kinds it is.
func (x *Expectation) viewOfNode(v *view) {
	for _, n := range defaultDenyNodes(x.fence, v.subject.Labels, v.direction) {
		if v.owner == nil {
			v.owner = n
		}
		for _, w := range x.at[subjectKey{node: n.Name, direction: v.direction}] {
			v.addExpected(w)
		}
	}
}

func (v *view) addExpected(w Expected) {
	if w.Peer.Kind == policy.Pods && w.Peer.Namespace != "" {
		v.byNamespace[w.Peer.Namespace] = append(v.byNamespace[w.Peer.Namespace], w)
	} else {
		v.others = append(v.others, w)
	}
}

// isSubject reports whether an endpoint is the subject itself, as others see it.
func (v view) isSubject(ep endpoints.Endpoint) bool {
	if v.subject.Kind == endpoints.NodeEndpoint {
		return ep.Kind == endpoints.EntityEndpoint && slices.Contains(policy.AnyNode().Entities, v1alpha1.Entity(ep.Name))
	}
	return ep.Name == v.subject.Name
}

// expected returns the flows that the subject may have with a peer.
func (v view) expected(peer endpoints.Endpoint) []Expected {
	var out []Expected
	for _, list := range [][]Expected{v.byNamespace[peer.Namespace], v.others} {
		for _, w := range list {
			if w.matches(v.fence, peer) {
				out = append(out, w)
			}
		}
	}
	return out
}

// undeclared returns the part of an opening that nothing declares for a peer.
func (v view) undeclared(o flow.Opening, peer endpoints.Endpoint) []flow.Opening {
	named := slices.Concat(peer.Ports, peer.SameIdentityPorts)
	if v.direction == flow.Ingress {
		named = v.subject.Ports
	}
	var declared []allowEntry
	for _, w := range v.expected(peer) {
		for _, r := range portRangesOf(w.Ports, named) {
			declared = append(declared, allowEntry{r, w.L7, &w.lookups})
		}
	}
	return subtractAllowed(o, declared)
}

// allowEntry allows L7 rules on some ports, or everything.
type allowEntry struct {
	portRange portRange
	l7        flow.L7
	// lookups are the DNS names of l7, prepared for many matches. Omitted: they are not prepared.
	lookups *flow.Patterns
}

// covers reports whether it includes one part of what passes.
func (p allowEntry) covers(part flow.L7) bool {
	if p.lookups != nil && len(part.DNS) > 0 && !p.l7.Unrestricted() {
		return p.lookups.Cover(part.DNS[0])
	}
	return covers(p.l7, part)
}

// subtractAllowed returns the part of an opening that no entry allows.
func subtractAllowed(o flow.Opening, allowEntries []allowEntry) []flow.Opening {
	var out []flow.Opening
	for _, part := range splitL7(o.L7) {
		var covering []portRange
		for _, p := range allowEntries {
			if p.covers(part) {
				covering = append(covering, p.portRange)
			}
		}
		for _, rest := range subtractRanges(portRange{o.Protocol, o.First, o.Last}, covering) {
			out = append(out, flow.Opening{Protocol: rest.protocol, First: rest.first, Last: rest.last, L7: part, Policies: o.Policies})
		}
	}
	return out
}

// splitL7 returns the single rules: each of them allows something.
func splitL7(l flow.L7) []flow.L7 {
	if l.Unrestricted() {
		return []flow.L7{{}}
	}
	var out []flow.L7
	for _, r := range l.HTTP {
		out = append(out, flow.L7{HTTP: []flow.HTTPRule{r}})
	}
	for _, n := range l.ServerNames {
		out = append(out, flow.L7{ServerNames: []string{n}})
	}
	for _, n := range l.DNS {
		out = append(out, flow.L7{DNS: []string{n}})
	}
	if l.Other != "" {
		out = append(out, flow.L7{Other: l.Other})
	}
	return out
}

// covers reports whether the expected rules include one part of an opening.
func covers(expected, part flow.L7) bool {
	switch {
	case expected.Unrestricted():
		return true
	case len(part.HTTP) > 0:
		// Mostly a rule is as it was declared, which needs no comparison of expressions.
		return slices.ContainsFunc(expected.HTTP, part.HTTP[0].Equal) ||
			slices.ContainsFunc(expected.HTTP, func(r flow.HTTPRule) bool { return includes(r, part.HTTP[0]) })
	case len(part.ServerNames) > 0:
		return coversAll(expected.ServerNames, part.ServerNames)
	case len(part.DNS) > 0:
		return flow.AnyCovers(expected.DNS, part.DNS[0])
	default:
		return false
	}
}

// includes reports whether one rule allows everything that another does. It may be false where the
// truth is true, never the reverse.
func includes(expected, rule flow.HTTPRule) bool {
	return (expected.Method == "" || expected.Method == rule.Method) &&
		(len(expected.ServerNames) == 0 || len(rule.ServerNames) > 0 && coversAll(expected.ServerNames, rule.ServerNames)) &&
		!slices.ContainsFunc(expected.Headers, func(h string) bool {
			return !slices.ContainsFunc(rule.Headers, func(requested string) bool {
				return impliesHeader(flow.ParseHeader(requested), flow.ParseHeader(h))
			})
		}) && coversExpression(expected.Path, rule.Path) && coversExpression(expected.Host, rule.Host)
}

// coversAll reports whether an expected name covers each of the names.
func coversAll(expected, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !flow.AnyCovers(expected, n) })
}

// coversExpression reports whether one expression matches all that another does. Of an expression
// that is not a plain text, it is true only if both are the same.
func coversExpression(expected, requested string) bool {
	if expected == "" || expected == requested {
		return true
	}
	plain, ok := literalText(requested)
	if !ok {
		return false
	}
	re, err := regexp.Compile("^(?:" + expected + ")$")
	return err == nil && re.MatchString(plain)
}

// literalText is the one text that an expression matches.
func literalText(expression string) (string, bool) {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil || re.Op != syntax.OpLiteral || re.Flags&syntax.FoldCase != 0 {
		return "", false
	}
	return string(re.Rune), true
}

// impliesHeader reports whether a request that has the one header has the other.
func impliesHeader(h, other flow.Header) bool {
	return h.Name == other.Name && (other.Value == "" || h.Value == other.Value)
}

// portRange is a range of ports of one protocol or, without protocol, of all.
type portRange struct {
	protocol    v1alpha1.Protocol
	first, last uint16
}

// portRangesOf are ports as numbers, names those that the destination gives them.
func portRangesOf(in []flow.Port, named []endpoints.NamedPort) []portRange {
	if len(in) == 0 {
		return []portRange{{"", 1, 65535}}
	}
	var out []portRange
	for _, p := range in {
		switch {
		case p.Protocol == flow.ICMP:
			if v4, v6, known := flow.ICMPTypeNumbers(v1alpha1.ICMPType(p.Name)); known {
				out = append(out, portRange{flow.ICMP, v4, v4}, portRange{flow.ICMPv6, v6, v6})
			}
		case p.IsNamed():
			for _, have := range named {
				if have.Name == p.Name && have.Protocol == p.Protocol {
					out = append(out, portRange{p.Protocol, have.Port, have.Port})
				}
			}
		default:
			out = append(out, portRange{p.Protocol, uint16(p.Port), uint16(max(p.Port, p.End))})
		}
	}
	return out
}

// subtractRanges is what is left of a range.
func subtractRanges(r portRange, covering []portRange) []portRange {
	rest := []portRange{r}
	for _, c := range covering {
		if c.protocol != "" && c.protocol != r.protocol {
			continue
		}
		var next []portRange
		for _, p := range rest {
			if c.last < p.first || p.last < c.first {
				next = append(next, p)
				continue
			}
			if p.first < c.first {
				next = append(next, portRange{p.protocol, p.first, c.first - 1})
			}
			if c.last < p.last {
				next = append(next, portRange{p.protocol, c.last + 1, p.last})
			}
		}
		rest = next
	}
	return rest
}

// overlaps reports whether two ranges have a port in common.
func (o portRange) overlaps(other portRange) bool {
	return (o.protocol == "" || other.protocol == "" || o.protocol == other.protocol) && o.first <= other.last && other.first <= o.last
}
