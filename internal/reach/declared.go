package reach

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// declared decides declared flows: every pair of endpoints, port and rule, at both sides.
type declared struct {
	*search
	account account
	denials denials
	ends    ends
	// verdicts are by flow: two may declare one, and each has two sides.
	verdicts map[string]policy.Verdict
	// told are reasons for which something is not decided.
	told     map[string]bool
	findings policy.Findings
	sides    sides
	leftOut  leftOut
	// withNodes are the flows that are with nodes, too.
	withNodes map[policy.Reason]bool
}

// claim is a declared flow as one of its sides sees it.
type claim struct {
	Wanted
	direction   policy.Direction
	enforcement v1alpha1.Enforcement
	// parts are the rules that are all declared, and outcomes what becomes of the flow.
	parts    []policy.L7
	outcomes []*outcome
	// decisions are those of pairs. named reports that some port is a name.
	decisions map[pair]decision
	named     bool
	// handles reports whether the enforcer passes a protocol on at all.
	handles func(v1alpha1.Protocol) bool
	// oneSided reports that the side of the peer is not decided.
	oneSided bool
}

// Declared decides the declared flows alone, and returns what is denied.
func (p Proof) Declared() (policy.DeclaredFlows, policy.Findings, error) {
	known, err := p.Engine.Imagine(p.surroundings())
	if err != nil {
		return policy.DeclaredFlows{}, nil, fmt.Errorf("add representative endpoints: %w", err)
	}
	out, findings := p.newSearch(&policy.Isolation{}).declared(known)
	return out, findings, nil
}

// declared decides every declared flow, and returns what is denied.
func (s *search) declared(known []policy.Endpoint) (policy.DeclaredFlows, policy.Findings) {
	d := &declared{search: s, ends: endsOf(known), verdicts: map[string]policy.Verdict{}, told: map[string]bool{}, sides: newSides(s)}
	x := NewExpectation(s.Fence)
	d.withNodes = x.withNodes()
	d.nodesOf(x)
	for i, t := range s.Fence.Tenants {
		s.Progress.Tell("deciding declared flows: tenants", i, len(s.Fence.Tenants))
		for _, ns := range t.Namespaces {
			for _, direction := range policy.Directions() {
				for _, w := range x.at[end{namespace: ns, direction: direction}] {
					if w.Owner.Name == t.Name {
						own := t.At(ns)
						own.Pods = w.Subject
						d.decide(own, t.Enforcement, direction, w)
					}
				}
			}
		}
	}
	return d.account.count(s.Fence), slices.Concat(d.findings, d.leftOut.findings(d), d.denials.findings(d))
}

// nodesOf decides the declared flows of nodes.
func (d *declared) nodesOf(x *Expectation) {
	for i := range d.Fence.Nodes {
		n := &d.Fence.Nodes[i]
		for _, direction := range policy.Directions() {
			for _, w := range x.at[end{node: n.Name, direction: direction}] {
				d.decide(n.At(), n.Enforcement, direction, w)
			}
		}
	}
}

// decide decides what one side declares, between all of its endpoints. Where no policy is
// generated in AllowOnly, nothing is.
func (d *declared) decide(subject policy.Peer, enforcement v1alpha1.Enforcement, direction policy.Direction, w Wanted) {
	w = d.handled(w)
	c := claim{Wanted: w, handles: d.Fence.Handles, direction: direction, enforcement: enforcement, parts: parts(w.L7), outcomes: d.account.of(w), decisions: map[pair]decision{}}
	c.named = slices.ContainsFunc(slices.Concat(w.Ports, w.Named), policy.Port.Named)
	if !d.Fence.Generated(enforcement) {
		return
	}
	d.leftOut.add(c, d.hostNetwork(subject))
	if !d.withNodes[w.Reason] {
		d.leftOut.add(c, d.hostNetwork(w.Peer))
	}
	peers := d.examples(w.Peer)
	for _, own := range d.examples(subject) {
		for _, peer := range peers {
			if d.ends.known[own.Name] && d.ends.known[peer.Name] {
				d.compare(c, own, peer)
			} else {
				d.ask(c, own, peer)
			}
		}
	}
	if slices.ContainsFunc(w.Peer.Entities, ofPods) {
		d.decidePods(c, d.examples(subject))
	}
}

// handled is what is declared without SCTP where agents drop it, unless SCTP itself is declared:
// protocol ANY is whatever agents pass on.
func (d *declared) handled(w Wanted) Wanted {
	if d.Fence.Handles(v1alpha1.SCTP) {
		return w
	}
	drop := func(ports []policy.Port) []policy.Port {
		return slices.DeleteFunc(slices.Clone(ports), func(p policy.Port) bool {
			tcp := p
			tcp.Protocol = v1alpha1.TCP
			return p.Protocol == v1alpha1.SCTP && slices.Contains(ports, tcp)
		})
	}
	w.Ports, w.Named = drop(w.Ports), drop(w.Named)
	return w
}

// decidePods decides what is declared to or from all pods. Whether these allow it is declared
// by others.
func (d *declared) decidePods(c claim, all []policy.Endpoint) {
	c.oneSided, c.decisions = true, map[pair]decision{}
	for _, own := range all {
		if !d.ends.known[own.Name] {
			continue
		}
		for _, peer := range d.ends.pods {
			d.compare(c, own, peer)
		}
	}
	c.oneSided, c.decisions = false, map[pair]decision{}
	for _, own := range all {
		if d.ends.known[own.Name] {
			d.consent(c, own)
		}
	}
}

// between are the source and the destination.
func (c claim) between(own, peer policy.Endpoint) (from, to policy.Endpoint) {
	if c.direction == policy.Ingress {
		return peer, own
	}
	return own, peer
}

func (c claim) allow() {
	for _, o := range c.outcomes {
		o.allowed = true
	}
}

// deny records that the engine lists no passage for a part of the flow: ports, and a rule of
// L7. Where it allows that all the same, as several policies may together, each of the ranges
// that they distinguish is decided.
func (d *declared) deny(c claim, own, peer policy.Endpoint, at ports, part policy.L7) {
	from, to := c.between(own, peer)
	f := flowAt(from, to, at)
	v, err := d.verdict(f)
	switch {
	case err != nil:
		d.undecided(c, err)
	case v.Decision() == policy.Allowed && allows(v.Egress.L7, part) && allows(v.Ingress.L7, part):
		c.parts = []policy.L7{part}
		for _, r := range d.cut(c, own, peer, at) {
			d.askFlow(c, own, peer, r)
		}
	default:
		d.denied(c, own, peer, at, part, v)
	}
}

// denied records a part that a verdict denies, or narrows to other rules.
func (d *declared) denied(c claim, own, peer policy.Endpoint, at ports, part policy.L7, v policy.Verdict) {
	from, to := c.between(own, peer)
	if narrow := c.narrower(part, v); v.Decision() == policy.Allowed && narrow.L7.Other != "" {
		d.undecided(c, fmt.Errorf("%s: allowed by %s, with %s, which is not inspected", flowAt(from, to, at), policy.Brief(narrow.By), narrow.L7.Other))
		return
	}
	for _, o := range c.outcomes {
		o.denied = true
		o.allowed = o.allowed || v.Decision() == policy.Depends
	}
	d.denials.add(denial{claim: c, ports: at, part: part, why: c.why(part, v)}, from, to)
}

// flowAt is the flow on the first of some ports, or on all.
func flowAt(from, to policy.Endpoint, at ports) policy.Flow {
	f := policy.Flow{From: from, To: to, ICMP: icmpType(at)}
	if f.ICMP == "" && at.protocol != "" {
		f.Protocol, f.Port = at.protocol, at.first
	}
	return f
}

// verdict decides a flow once.
func (d *declared) verdict(f policy.Flow) (policy.Verdict, error) {
	key := f.String()
	if v, ok := d.verdicts[key]; ok {
		return v, nil
	}
	v, err := d.Engine.Decide(f)
	if err == nil {
		d.verdicts[key] = v
	}
	return v, err
}

// undecided reports why a flow is not decided, once for policies in conflict.
func (d *declared) undecided(c claim, err error) {
	for _, o := range c.outcomes {
		o.undecided = true
	}
	var conflict policy.ConflictError
	key := err.Error()
	if errors.As(err, &conflict) {
		key = conflict.Error()
	}
	if d.told[key] {
		return
	}
	d.told[key] = true
	d.findings = append(d.findings, d.finding(c, "declared-flow-undecided", err.Error()))
}

func (d *declared) finding(c claim, check, message string) policy.Finding {
	f := policy.Finding{Check: check, Severity: policy.Error, Resource: d.source(c.Reason), Field: c.Reason.Field, Message: message}
	if c.enforcement != v1alpha1.Enforce {
		f.Severity = policy.Warning
	}
	return f
}

// narrower is the side that does not allow a rule.
func (c claim) narrower(part policy.L7, v policy.Verdict) policy.Side {
	if own := side(v, c.direction); !allows(own.L7, part) {
		return own
	}
	return side(v, c.direction.Opposite())
}

// side is what was decided at one end.
func side(v policy.Verdict, direction policy.Direction) policy.Side {
	if direction == policy.Ingress {
		return v.Ingress
	}
	return v.Egress
}

func compareReasons(a, b policy.Reason) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Field, b.Field))
}

// icmpType is the message that a number stands for.
func icmpType(at ports) v1alpha1.ICMPType {
	types := v1alpha1.ICMPTypes()
	i := slices.IndexFunc(types, func(t v1alpha1.ICMPType) bool {
		v4, v6, _ := policy.ICMPTypes(t)
		return at.protocol == policy.ICMP && at.first == v4 || at.protocol == policy.ICMPv6 && at.first == v6
	})
	if i < 0 {
		return ""
	}
	return types[i]
}
