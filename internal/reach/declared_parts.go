package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// pairKey are the classes of a pair of endpoints: of two equal pairs, the policies allow the same.
type pairKey struct {
	own, peer           *allowedSide
	peerClass, ownClass int32
	fenced              bool
	named               string
}

// decision is what is decided for a pair.
type decision struct {
	allowed bool
	denied  []deniedPart
}

// deniedPart is a part without an entry of the asked: ports, and an L7 rule.
type deniedPart struct {
	at   flow.PortRange
	part flow.L7
}

// flowEnd is an endpoint of a declared flow, with what the policies allow at its side.
type flowEnd struct {
	endpoints.Endpoint
	// known reports that it is a pod of the build or an address.
	known bool
	side  *allowedSide
	// err is why the side is not decided.
	err error
	// owned reports that it is a pod of a tenant.
	owned bool
	// named are the ports of the pod, where the flow has names of ports.
	named string
}

// endsOf finds what the policies allow at endpoints, once for all pairs. An endpoint that no policy can
// select has no side.
func (d *declaredFlows) endsOf(c flowSide, all []endpoints.Endpoint, direction flow.Direction) []flowEnd {
	var out []flowEnd
	for _, ep := range all {
		if d.endpoints.has(ep) {
			out = append(out, d.endOf(c, ep, direction))
		} else {
			out = append(out, flowEnd{Endpoint: ep})
		}
	}
	return out
}

func (d *declaredFlows) endOf(c flowSide, ep endpoints.Endpoint, direction flow.Direction) flowEnd {
	out := flowEnd{Endpoint: ep, known: d.endpoints.has(ep), owned: d.Fence.OwnerOfPod(ep.Namespace, ep.Labels) != nil}
	out.ID, _ = d.View.Set.Find(ep)
	out.side, out.err = d.sides.at(out.Endpoint, direction)
	if c.named {
		out.named = fmt.Sprint(ep.Ports)
	}
	return out
}

// compare holds the declared ports and rules against all that the policies allow between a
// pod and a peer, which the engine lists in openings. Pairs that no policy distinguishes are
// decided once.
func (d *declaredFlows) compare(c flowSide, own, peer *flowEnd) {
	p, err := c.pairOf(own, peer)
	if err != nil {
		from, to := c.fromTo(own.Endpoint, peer.Endpoint)
		d.recordUndecided(c, fmt.Errorf("%s -> %s: %w", from.Name, to.Name, err))
		return
	}
	pairDecision := c.decisionOf(p, own, peer)
	if pairDecision.allowed {
		c.allow()
	}
	for _, part := range pairDecision.denied {
		d.decideDenied(c, own.Endpoint, peer.Endpoint, part.at, part.part)
	}
}

// pairOf classifies a pair. Where the fence writes the side of the peer, the flow is declared
// there, too, and its rules are decided there.
func (c flowSide) pairOf(own, peer *flowEnd) (pairKey, error) {
	if own.err != nil {
		return pairKey{}, own.err
	}
	p := pairKey{own: own.side, peerClass: own.side.class(peer.ID), named: peer.named}
	if c.direction == flow.Ingress {
		p.named = own.named
	}
	if !c.oneSided {
		p.peer, p.ownClass = peer.side, peer.side.class(own.ID)
		p.fenced = peer.side != nil && (c.L7.InspectsTLS() || peer.owned)
		return p, peer.err
	}
	return p, nil
}

// decisionOf decides a pair, once for all that are alike.
func (c flowSide) decisionOf(p pairKey, own, peer *flowEnd) decision {
	out, ok := c.decisions[p]
	if !ok {
		_, to := c.fromTo(own.Endpoint, peer.Endpoint)
		out = c.decidePair(p, to)
		c.decisions[p] = out
	}
	return out
}

// decidePair decides a pair.
func (c flowSide) decidePair(p pairKey, to endpoints.Endpoint) decision {
	allowEntries, peerSide := p.own.entriesFor(p.peerClass), p.peer.entriesFor(p.ownClass)
	if p.fenced {
		peerSide = slices.Clone(peerSide)
		for i := range peerSide {
			peerSide[i].L7 = flow.L7{}
		}
	}
	var out decision
	ranges := c.ranges(to)
	for _, part := range c.l7Rules {
		var denied []flow.PortRange
		allowed := 0
		for _, r := range ranges {
			missing := uncovered(r, part, allowEntries)
			for _, x := range uncovered(r, part, peerSide) {
				missing = append(missing, x.Without(missing)...)
			}
			allowed += len(r.Without(missing))
			denied = append(denied, missing...)
		}
		if allowed > 0 {
			out.allowed = true
		} else if len(c.Ports) == 0 {
			denied = []flow.PortRange{flow.AllPorts("")}
		}
		for _, at := range denied {
			out.denied = append(out.denied, deniedPart{at, part})
		}
	}
	return out
}

// uncovered returns the ports of a range on which no entry allows a declared rule.
func uncovered(r flow.PortRange, part flow.L7, allowEntries []flow.Traffic) []flow.PortRange {
	var covering []flow.PortRange
	for i := range allowEntries {
		p := &allowEntries[i]
		if !p.Ports.Overlaps(r) || !allows(p.L7, part) {
			continue
		}
		if p.Ports.Includes(r) {
			return nil
		}
		covering = append(covering, p.Ports)
	}
	return r.Without(covering)
}

// allows reports whether what passes includes a declared rule. Rules for every DNS name let
// all of DNS pass: with them the proxy sees the answers.
func allows(allowed, part flow.L7) bool {
	return allowed.Covers(part) || part.Unrestricted() && flow.AnyCovers(allowed.DNS(), "*")
}

// ranges returns the declared ports at a destination, each of one protocol. None: the destination
// gives no port that name.
func (c flowSide) ranges(to endpoints.Endpoint) []flow.PortRange {
	declared := c.Ports
	if len(c.NamedPorts) > 0 {
		declared = c.NamedPorts
	}
	if len(declared) > 0 {
		return slices.DeleteFunc(portRangesOf(declared, to.Ports), func(r flow.PortRange) bool {
			// A type of message is one of each IP family that agents handle.
			return flow.IsICMP(r.Protocol) && !c.handles(r.Protocol)
		})
	}
	var out []flow.PortRange
	for _, p := range flow.Protocols() {
		if !c.handles(p) {
			continue
		}
		out = append(out, flow.AllPorts(p))
	}
	return out
}

// decideByEngine has the engine decide what a pair of endpoints is declared, where one of them is no pod
// of the build or address: on each range of ports that the policies distinguish.
func (d *declaredFlows) decideByEngine(c flowSide, own, peer endpoints.Endpoint) {
	_, to := c.fromTo(own, peer)
	if len(c.Ports) == 0 {
		d.decideFlow(c, own, peer, flow.AllPorts(""))
		return
	}
	for _, r := range c.ranges(to) {
		for _, at := range d.splitRange(c, own, peer, r) {
			d.decideFlow(c, own, peer, at)
		}
	}
}

func (d *declaredFlows) decideFlow(c flowSide, own, peer endpoints.Endpoint, at flow.PortRange) {
	from, to := c.fromTo(own, peer)
	v, err := d.verdict(flowAt(from, to, at))
	if err != nil {
		d.recordUndecided(c, err)
		return
	}
	if v.Decision() != flow.Allowed {
		d.recordDenied(c, own, peer, at, flow.L7{}, v)
		return
	}
	for _, part := range c.l7Rules {
		switch l7 := sideOf(v, c.direction).L7; {
		case allows(l7, part):
			c.allow()
		case at.Protocol == "":
			// Rules differ by port: each range is decided by itself.
			d.decideEachRange(c, own, peer, part)
		default:
			d.recordDenied(c, own, peer, at, part, v)
		}
	}
}

// decideEachRange decides a rule on each range of ports, where every port is declared.
func (d *declaredFlows) decideEachRange(c flowSide, own, peer endpoints.Endpoint, part flow.L7) {
	c.l7Rules = []flow.L7{part}
	for _, p := range v1alpha1.Protocols() {
		if !c.handles(p) {
			continue
		}
		for _, at := range d.splitRange(c, own, peer, flow.AllPorts(p)) {
			d.decideFlow(c, own, peer, at)
		}
	}
}

// splitRange cuts a range where what the policies allow at one of the endpoints begins or ends.
func (d *declaredFlows) splitRange(c flowSide, own, peer endpoints.Endpoint, r flow.PortRange) []flow.PortRange {
	var bounds []flow.PortRange
	for _, at := range []struct {
		ep endpoints.Endpoint
		d  flow.Direction
	}{{own, c.direction}, {peer, c.direction.Opposite()}} {
		if !at.ep.IsSelected() || r.First == r.Last {
			continue
		}
		openings, err := d.View.Openings(at.ep, at.d)
		if err != nil {
			// The view reports it when it decides.
			continue
		}
		for _, o := range openings {
			bounds = append(bounds, o.Ports)
		}
	}
	return r.Split(bounds)
}
