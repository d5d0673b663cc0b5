package reach

import (
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// view is a fenced pod or node, looked at in one direction, with what it may do.
type view struct {
	fence     *policy.Fence
	subject   policy.Endpoint
	direction policy.Direction
	owner     owner
	// byNamespace are the wanted flows with pods of one namespace, others the rest.
	byNamespace map[string][]Wanted
	others      []Wanted
}

// owner has a pod, or is the kind of nodes that a node is one of. Neither: it is nobody's.
type owner struct {
	tenant *policy.Tenant
	node   *policy.Node
}

// audited says whether nothing is closed there yet.
func (o owner) audited() bool {
	return o.tenant != nil && o.tenant.Enforcement != v1alpha1.Enforce || o.node != nil && o.node.Enforcement != v1alpha1.Enforce
}

// String tells owners apart.
func (o owner) String() string {
	switch {
	case o.tenant != nil:
		return o.tenant.Name
	case o.node != nil:
		return "nodes " + o.node.Name
	}
	return ""
}

// viewOf collects what a pod or node may do.
func (x *Expectation) viewOf(subject policy.Endpoint, d policy.Direction) view {
	v := view{fence: x.fence, subject: subject, direction: d, byNamespace: map[string][]Wanted{}}
	if subject.Kind == policy.NodeEndpoint {
		x.viewOfNode(&v)
		return v
	}
	v.owner.tenant = x.fence.OwnerOfPod(subject.Namespace, subject.Labels)
	for _, w := range x.wantedAt(subject.Namespace, d) {
		if policy.Selects(w.Subject, subject.Labels) {
			v.want(w)
		}
	}
	return v
}

// viewOfNode collects what a node may do, of whichever kinds it is.
func (x *Expectation) viewOfNode(v *view) {
	for _, n := range closers(x.fence, v.subject.Labels, v.direction) {
		if v.owner.node == nil {
			v.owner.node = n
		}
		for _, w := range x.at[end{node: n.Name, direction: v.direction}] {
			v.want(w)
		}
	}
}

func (v *view) want(w Wanted) {
	if w.Peer.Kind == policy.Pods && w.Peer.Namespace != "" {
		v.byNamespace[w.Peer.Namespace] = append(v.byNamespace[w.Peer.Namespace], w)
	} else {
		v.others = append(v.others, w)
	}
}

// is says whether an endpoint is the subject itself, as others see it.
func (v view) is(ep policy.Endpoint) bool {
	if v.subject.Kind == policy.NodeEndpoint {
		return ep.Kind == policy.EntityEndpoint && slices.Contains(policy.AnyNode().Entities, v1alpha1.Entity(ep.Name))
	}
	return ep.Name == v.subject.Name
}

// wanted are the flows that the subject may have with a peer.
func (v view) wanted(peer policy.Endpoint) []Wanted {
	var out []Wanted
	for _, list := range [][]Wanted{v.byNamespace[peer.Namespace], v.others} {
		for _, w := range list {
			if w.matches(v.fence, peer) {
				out = append(out, w)
			}
		}
	}
	return out
}

// undeclared is the part of an opening that nothing declares for a peer.
func (v view) undeclared(o policy.Opening, peer policy.Endpoint) []policy.Opening {
	named := slices.Concat(peer.Ports, peer.AlikePorts)
	if v.direction == policy.Ingress {
		named = v.subject.Ports
	}
	var declared []passage
	for _, w := range v.wanted(peer) {
		for _, r := range portsOf(w.Ports, named) {
			declared = append(declared, passage{r, w.L7, &w.lookups})
		}
	}
	return closed(o, declared)
}

// passage lets a part of what is spoken on some ports pass.
type passage struct {
	ports ports
	l7    policy.L7
	// lookups are the DNS names of l7, to be asked often. Omitted: they are not prepared.
	lookups *policy.Patterns
}

// covers reports whether it includes one part of what passes.
func (p passage) covers(part policy.L7) bool {
	if p.lookups != nil && len(part.DNS) > 0 && !p.l7.All() {
		return p.lookups.Cover(part.DNS[0])
	}
	return covers(p.l7, part)
}

// closed is the part of an opening that no passage lets pass.
func closed(o policy.Opening, passages []passage) []policy.Opening {
	var out []policy.Opening
	for _, part := range parts(o.L7) {
		var covering []ports
		for _, p := range passages {
			if p.covers(part) {
				covering = append(covering, p.ports)
			}
		}
		for _, rest := range without(ports{o.Protocol, o.First, o.Last}, covering) {
			out = append(out, policy.Opening{Protocol: rest.protocol, First: rest.first, Last: rest.last, L7: part, By: o.By})
		}
	}
	return out
}

// parts are the rules of which each lets something pass.
func parts(l policy.L7) []policy.L7 {
	if l.All() {
		return []policy.L7{{}}
	}
	var out []policy.L7
	for _, r := range l.HTTP {
		out = append(out, policy.L7{HTTP: []policy.HTTPRule{r}})
	}
	for _, n := range l.ServerNames {
		out = append(out, policy.L7{ServerNames: []string{n}})
	}
	for _, n := range l.DNS {
		out = append(out, policy.L7{DNS: []string{n}})
	}
	if l.Other != "" {
		out = append(out, policy.L7{Other: l.Other})
	}
	return out
}

// covers says whether what is wanted includes one part of what passes.
func covers(wanted, part policy.L7) bool {
	switch {
	case wanted.All():
		return true
	case len(part.HTTP) > 0:
		// Mostly it is there as it was written, which is seen without looking into it.
		return slices.ContainsFunc(wanted.HTTP, part.HTTP[0].Equal) ||
			slices.ContainsFunc(wanted.HTTP, func(r policy.HTTPRule) bool { return includes(r, part.HTTP[0]) })
	case len(part.ServerNames) > 0:
		return coversEach(wanted.ServerNames, part.ServerNames)
	case len(part.DNS) > 0:
		return policy.SomeCovers(wanted.DNS, part.DNS[0])
	default:
		return false
	}
}

// includes says whether one rule lets everything pass that another does. It may say no
// where the truth is yes, never the other way round.
func includes(wanted, rule policy.HTTPRule) bool {
	return (wanted.Method == "" || wanted.Method == rule.Method) &&
		(len(wanted.ServerNames) == 0 || len(rule.ServerNames) > 0 && coversEach(wanted.ServerNames, rule.ServerNames)) &&
		!slices.ContainsFunc(wanted.Headers, func(h string) bool {
			return !slices.ContainsFunc(rule.Headers, func(asked string) bool { return demands(policy.ParseHeader(asked), policy.ParseHeader(h)) })
		}) && matchesMore(wanted.Path, rule.Path) && matchesMore(wanted.Host, rule.Host)
}

// coversEach says whether each of some names is covered by one that is wanted.
func coversEach(wanted, names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !policy.SomeCovers(wanted, n) })
}

// matchesMore says whether one expression matches all that another does: of one that is
// not a plain text, only where they are the same.
func matchesMore(wanted, asked string) bool {
	if wanted == "" || wanted == asked {
		return true
	}
	plain, ok := plainText(asked)
	if !ok {
		return false
	}
	re, err := regexp.Compile("^(?:" + wanted + ")$")
	return err == nil && re.MatchString(plain)
}

// plainText is the one text that an expression matches.
func plainText(expression string) (string, bool) {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil || re.Op != syntax.OpLiteral || re.Flags&syntax.FoldCase != 0 {
		return "", false
	}
	return string(re.Rune), true
}

// demands says whether a request that has the one header has the other.
func demands(h, other policy.Header) bool {
	return h.Name == other.Name && (other.Value == "" || h.Value == other.Value)
}

// ports are a range of ports of a protocol, or of every one.
type ports struct {
	protocol    v1alpha1.Protocol
	first, last uint16
}

// portsOf are ports as numbers, names those that the destination gives them.
func portsOf(in []policy.Port, named []policy.NamedPort) []ports {
	if len(in) == 0 {
		return []ports{{"", 1, 65535}}
	}
	var out []ports
	for _, p := range in {
		switch {
		case p.Protocol == policy.ICMP:
			if v4, v6, known := policy.ICMPTypes(v1alpha1.ICMPType(p.Name)); known {
				out = append(out, ports{policy.ICMP, v4, v4}, ports{policy.ICMPv6, v6, v6})
			}
		case p.Named():
			for _, have := range named {
				if have.Name == p.Name && have.Protocol == p.Protocol {
					out = append(out, ports{p.Protocol, have.Port, have.Port})
				}
			}
		default:
			out = append(out, ports{p.Protocol, uint16(p.Port), uint16(max(p.Port, p.End))})
		}
	}
	return out
}

// without is what is left of a range.
func without(r ports, covering []ports) []ports {
	rest := []ports{r}
	for _, c := range covering {
		if c.protocol != "" && c.protocol != r.protocol {
			continue
		}
		var next []ports
		for _, p := range rest {
			if c.last < p.first || p.last < c.first {
				next = append(next, p)
				continue
			}
			if p.first < c.first {
				next = append(next, ports{p.protocol, p.first, c.first - 1})
			}
			if c.last < p.last {
				next = append(next, ports{p.protocol, c.last + 1, p.last})
			}
		}
		rest = next
	}
	return rest
}

// overlaps says whether two ranges have a port in common.
func (o ports) overlaps(other ports) bool {
	return (o.protocol == "" || other.protocol == "" || o.protocol == other.protocol) && o.first <= other.last && other.first <= o.last
}
