package reach

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// declaredFlows decides declared flows: every pair of endpoints, port and rule, at both sides.
type declaredFlows struct {
	*search
	// flowOutcomes are those of the tenant that is decided, or of nodes.
	flowOutcomes flowOutcomes
	denials      denials
	endpoints    knownEndpoints
	// verdicts are by flow: two may declare one, and each has two sides.
	verdicts map[verdictKey]flow.Verdict
	// reported are reasons for which something is not decided.
	reported map[string]bool
	findings report.Findings
	sides    sideCache
	excluded excluded
	// withNodes has the flows that also include nodes.
	withNodes map[report.Reason]bool
}

// flowSide is a declared flow as one of its sides sees it.
type flowSide struct {
	Expected
	direction   flow.Direction
	enforcement v1alpha1.Enforcement
	// l7Rules are the rules that are all declared, and outcomes what becomes of the flow.
	l7Rules  []flow.L7
	outcomes []*outcome
	// decisions are those of pairs. named reports that some port is a name.
	decisions map[pairKey]decision
	named     bool
	// handles reports whether the enforcer forwards a protocol at all.
	handles func(v1alpha1.Protocol) bool
	// oneSided reports that the side of the peer is not decided.
	oneSided bool
}

// DeclaredFlows decides the declared flows alone, and returns what is denied.
func (p Proof) DeclaredFlows() (report.DeclaredFlows, report.Findings) {
	return p.newSearch().declaredFlows(p.View.Set.Known())
}

// declaredFlows decides every declared flow, and returns what is denied.
func (s *search) declaredFlows(known []endpoints.Endpoint) (report.DeclaredFlows, report.Findings) {
	d := &declaredFlows{search: s, endpoints: newKnownEndpoints(known), verdicts: map[verdictKey]flow.Verdict{}, reported: map[string]bool{}, sides: newSideCache(s)}
	x := NewExpectation(s.Fence)
	d.withNodes = x.withNodes()
	if s.Slice.Includes("") {
		d.decideNodes(x)
		d.endPart("")
	}
	tenants := slices.DeleteFunc(slices.Clone(s.Fence.Tenants()), func(t *policy.Owner) bool { return !s.Slice.Includes(t.Name) })
	for i, t := range tenants {
		s.Progress.Report("deciding declared flows: tenants", i, len(tenants))
		for _, ns := range t.Namespaces {
			for _, direction := range flow.Directions() {
				for _, w := range x.at[subjectKey{namespace: ns, direction: direction}] {
					if w.Owner.Name == t.Name {
						own := t.PeerIn(ns)
						own.Pods = w.Subject
						d.decide(own, t.Enforcement, direction, w)
					}
				}
			}
		}
		d.endPart(t.Name)
	}
	for _, part := range s.parts {
		d.flowOutcomes.add(part.Flows)
	}
	for _, part := range s.Known {
		d.flowOutcomes.add(part.Flows)
	}
	return d.flowOutcomes.count(s.counted()), slices.Concat(d.findings, d.excluded.findings(d), d.denials.findings(d))
}

// endPart gives the outcomes so far to the part of a tenant.
func (d *declaredFlows) endPart(tenant string) {
	d.parts.of(tenant).Flows = d.flowOutcomes.list()
	d.flowOutcomes = flowOutcomes{}
}

// decideNodes decides the declared flows of nodes.
func (d *declaredFlows) decideNodes(x *Expectation) {
	for _, n := range d.Fence.Nodes() {
		for _, direction := range flow.Directions() {
			for _, w := range x.at[subjectKey{node: n.Name, direction: direction}] {
				d.decide(n.NodesPeer(), n.Enforcement, direction, w)
			}
		}
	}
}

// decide decides what one side declares, between all of its endpoints. It decides nothing for an
// owner in AllowOnly without generated policies.
func (d *declaredFlows) decide(subject policy.Peer, enforcement v1alpha1.Enforcement, direction flow.Direction, w Expected) {
	w = d.dropUnhandled(w)
	c := flowSide{Expected: w, handles: d.Fence.Handles, direction: direction, enforcement: enforcement, l7Rules: w.L7.Split(), outcomes: d.flowOutcomes.outcomesOf(w), decisions: map[pairKey]decision{}}
	c.named = slices.ContainsFunc(slices.Concat(w.Ports, w.NamedPorts), flow.Port.IsNamed)
	if !d.Fence.GeneratesPolicies(enforcement) {
		return
	}
	d.excluded.add(c, d.hostNetworkPods(subject))
	if !d.withNodes[w.Reason] {
		d.excluded.add(c, d.hostNetworkPods(w.Peer))
	}
	peers := d.endsOf(c, d.peerEndpoints(w.Peer), direction.Opposite())
	ends := d.endsOf(c, d.peerEndpoints(subject), direction)
	for i := range ends {
		for j := range peers {
			if own, peer := &ends[i], &peers[j]; own.known && peer.known {
				d.compare(c, own, peer)
			} else {
				d.decideByEngine(c, own.Endpoint, peer.Endpoint)
			}
		}
	}
	if slices.ContainsFunc(w.Peer.Entities, includesPods) {
		d.decidePods(c, ends)
	}
}

// dropUnhandled is what is declared without SCTP where agents drop it, unless SCTP itself is declared:
// protocol ANY is whatever agents pass on.
func (d *declaredFlows) dropUnhandled(w Expected) Expected {
	if d.Fence.Handles(v1alpha1.SCTP) {
		return w
	}
	drop := func(ports []flow.Port) []flow.Port {
		return slices.DeleteFunc(slices.Clone(ports), func(p flow.Port) bool {
			tcp := p
			tcp.Protocol = v1alpha1.TCP
			return p.Protocol == v1alpha1.SCTP && slices.Contains(ports, tcp)
		})
	}
	w.Ports, w.NamedPorts = drop(w.Ports), drop(w.NamedPorts)
	return w
}

// decidePods decides what is declared to or from all pods. Whether these allow it is declared
// by others.
func (d *declaredFlows) decidePods(c flowSide, all []flowEnd) {
	pods := d.endsOf(c, d.endpoints.pods, c.direction.Opposite())
	c.oneSided, c.decisions = true, map[pairKey]decision{}
	for i := range all {
		for j := range pods {
			if all[i].known {
				d.compare(c, &all[i], &pods[j])
			}
		}
	}
	c.oneSided, c.decisions = false, map[pairKey]decision{}
	for _, ep := range d.endpoints.representatives {
		pods = append(pods, d.endOf(c, ep, c.direction.Opposite()))
	}
	for i := range all {
		if all[i].known {
			d.findTenantDenials(c, &all[i], pods)
		}
	}
}

// fromTo are the source and the destination.
func (c flowSide) fromTo(own, peer endpoints.Endpoint) (from, to endpoints.Endpoint) {
	if c.direction == flow.Ingress {
		return peer, own
	}
	return own, peer
}

func (c flowSide) allow() {
	for _, o := range c.outcomes {
		o.Allowed = true
	}
}

// decideDenied records that the engine lists no entry for a part of the flow: ports, and an L7 rule.
// Where several policies allow the part together, each of the ranges that they distinguish is
// decided.
func (d *declaredFlows) decideDenied(c flowSide, own, peer endpoints.Endpoint, at flow.PortRange, part flow.L7) {
	from, to := c.fromTo(own, peer)
	f := flowAt(from, to, at)
	v, err := d.verdict(f)
	switch {
	case err != nil:
		d.recordUndecided(c, err)
	case v.Decision() == flow.Allowed && allows(v.Egress.L7, part) && allows(v.Ingress.L7, part):
		c.l7Rules = []flow.L7{part}
		for _, r := range d.splitRange(c, own, peer, at) {
			d.decideFlow(c, own, peer, r)
		}
	default:
		d.recordDenied(c, own, peer, at, part, v)
	}
}

// recordDenied records a part that a verdict denies, or narrows to other rules.
func (d *declaredFlows) recordDenied(c flowSide, own, peer endpoints.Endpoint, at flow.PortRange, part flow.L7, v flow.Verdict) {
	from, to := c.fromTo(own, peer)
	if narrow := c.narrowerSide(part, v); v.Decision() == flow.Allowed && narrow.L7.Other() != "" {
		d.recordUndecided(c, fmt.Errorf("%s: allowed by %s, with %s, which is not inspected", flowAt(from, to, at), report.Brief(narrow.Policies.Names()), narrow.L7.Other()))
		return
	}
	for _, o := range c.outcomes {
		o.Denied = true
		o.Allowed = o.Allowed || v.Decision() == flow.Depends
	}
	d.denials.add(denial{flowSide: c, ports: at, part: part, why: c.why(part, v)}, from, to)
}

// flowAt returns the flow on the first of some ports, or on all.
func flowAt(from, to endpoints.Endpoint, at flow.PortRange) flow.Flow {
	f := flow.Flow{From: from, To: to, ICMP: icmpType(at)}
	if f.ICMP == "" && at.Protocol != "" {
		f.Protocol, f.Port = at.Protocol, at.First
	}
	return f
}

// verdictKey identifies a flow, as flowAt returns it.
type verdictKey struct {
	from, to endpoints.ID
	protocol v1alpha1.Protocol
	port     uint16
	icmp     v1alpha1.ICMPType
}

// verdict decides a flow once.
func (d *declaredFlows) verdict(f flow.Flow) (flow.Verdict, error) {
	from, known := d.View.Set.Find(f.From)
	to, alsoKnown := d.View.Set.Find(f.To)
	if !known || !alsoKnown {
		return d.View.Decide(f)
	}
	key := verdictKey{from, to, f.Protocol, f.Port, f.ICMP}
	v, ok := d.verdicts[key]
	if ok {
		return v, nil
	}
	v, err := d.View.Decide(f)
	if err == nil {
		d.verdicts[key] = v
	}
	return v, err
}

// recordUndecided reports why a flow is not decided, once for policies in conflict, and not at all
// if another finding reports the conflict.
func (d *declaredFlows) recordUndecided(c flowSide, err error) {
	for _, o := range c.outcomes {
		o.Undecided = true
	}
	var conflict flow.ConflictError
	key := err.Error()
	if errors.As(err, &conflict) {
		key = conflict.Error()
	}
	if d.reported[key] || d.conflicts.reports(key) {
		return
	}
	d.reported[key] = true
	d.findings = append(d.findings, d.finding(c, report.DeclaredFlowUndecided, err.Error()))
}

func (d *declaredFlows) finding(c flowSide, check *report.Check, message string) report.Finding {
	f := report.New(check, report.Error, d.source(c.Reason), c.Reason.Field, "%s", message)
	if c.enforcement != v1alpha1.Enforce {
		f.Severity = report.Warning
	}
	return f
}

// narrowerSide returns the side that does not allow a rule.
func (c flowSide) narrowerSide(part flow.L7, v flow.Verdict) flow.Side {
	if own := sideOf(v, c.direction); !allows(own.L7, part) {
		return own
	}
	return sideOf(v, c.direction.Opposite())
}

// sideOf returns the decision of one side.
func sideOf(v flow.Verdict, direction flow.Direction) flow.Side {
	if direction == flow.Ingress {
		return v.Ingress
	}
	return v.Egress
}

func compareReasons(a, b report.Reason) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Field, b.Field))
}

// icmpType returns the type of message that a number identifies.
func icmpType(at flow.PortRange) v1alpha1.ICMPType {
	types := v1alpha1.ICMPTypes()
	i := slices.IndexFunc(types, func(t v1alpha1.ICMPType) bool {
		v4, v6, _ := flow.ICMPTypeNumbers(t)
		return at.Protocol == flow.ICMP && at.First == v4 || at.Protocol == flow.ICMPv6 && at.First == v6
	})
	if i < 0 {
		return ""
	}
	return types[i]
}
