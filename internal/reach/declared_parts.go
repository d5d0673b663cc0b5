package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// pair are the classes of a pair of endpoints: of two equal pairs, the policies allow the same.
type pair struct {
	own, peer     *allowedSide
	ofPeer, ofOwn int
	fenced        bool
	named         string
}

// decision is what is decided for a pair.
type decision struct {
	allowed bool
	denied  []deniedPart
}

// deniedPart is a part that the engine lists no passage for: ports, and a rule of L7.
type deniedPart struct {
	at   ports
	part policy.L7
}

// compare holds the declared ports and rules against all that the policies allow between a
// pod and a peer, which the engine lists in openings. Pairs that no policy distinguishes are
// decided once.
func (d *declared) compare(c claim, own, peer policy.Endpoint) {
	from, to := c.between(own, peer)
	p, err := d.pairOf(c, own, peer)
	if err != nil {
		d.undecided(c, fmt.Errorf("%s -> %s: %w", from.Name, to.Name, err))
		return
	}
	made, ok := c.decisions[p]
	if !ok {
		made = c.decided(p, to)
		c.decisions[p] = made
	}
	if made.allowed {
		c.allow()
	}
	for _, part := range made.denied {
		d.deny(c, own, peer, part.at, part.part)
	}
}

// pairOf classifies a pair. Where the fence writes the side of the peer, the flow is declared
// there, too, and its rules are decided there.
func (d *declared) pairOf(c claim, own, peer policy.Endpoint) (pair, error) {
	here, err := d.sides.at(own, c.direction)
	if err != nil {
		return pair{}, err
	}
	var there *allowedSide
	if !c.oneSided {
		if there, err = d.sides.at(peer, c.direction.Opposite()); err != nil {
			return pair{}, err
		}
	}
	p := pair{own: here, peer: there, ofPeer: here.class(peer), ofOwn: there.class(own)}
	p.fenced = there != nil && (c.L7.TLS() || d.Fence.OwnerOfPod(peer.Namespace, peer.Labels) != nil)
	if _, to := c.between(own, peer); c.named {
		p.named = fmt.Sprint(to.Ports)
	}
	return p, nil
}

// decided decides a pair.
func (c claim) decided(p pair, to policy.Endpoint) decision {
	passages, there := p.own.to(p.ofPeer), p.peer.to(p.ofOwn)
	if p.fenced {
		there = slices.Clone(there)
		for i := range there {
			there[i].l7 = policy.L7{}
		}
	}
	var out decision
	ranges := c.ranges(to)
	for _, part := range c.parts {
		var denied []ports
		allowed := 0
		for _, r := range ranges {
			missing := uncovered(r, part, passages)
			for _, x := range uncovered(r, part, there) {
				missing = append(missing, without(x, missing)...)
			}
			allowed += len(without(r, missing))
			denied = append(denied, missing...)
		}
		if allowed > 0 {
			out.allowed = true
		} else if len(c.Ports) == 0 {
			denied = []ports{{"", 1, 65535}}
		}
		for _, at := range denied {
			out.denied = append(out.denied, deniedPart{at, part})
		}
	}
	return out
}

// uncovered are the ports of a range on which no passage allows a declared rule.
func uncovered(r ports, part policy.L7, passages []passage) []ports {
	var covering []ports
	for i := range passages {
		p := &passages[i]
		if !p.ports.overlaps(r) || !allows(p.l7, part) {
			continue
		}
		if p.ports.includes(r) {
			return nil
		}
		covering = append(covering, p.ports)
	}
	return without(r, covering)
}

// allows reports whether what passes includes a declared rule. Rules for every DNS name let
// all of DNS pass: with them the proxy sees the answers.
func allows(passes, part policy.L7) bool {
	return covers(passes, part) || part.All() && policy.SomeCovers(passes.DNS, "*")
}

// includes reports whether a range has all ports of another.
func (o ports) includes(other ports) bool {
	return (o.protocol == "" || o.protocol == other.protocol) && o.first <= other.first && other.last <= o.last
}

// ranges are the declared ports at a destination, each of one protocol. None: the destination
// gives no port that name.
func (c claim) ranges(to policy.Endpoint) []ports {
	declared := c.Ports
	if len(c.Named) > 0 {
		declared = c.Named
	}
	if len(declared) > 0 {
		return slices.DeleteFunc(portsOf(declared, to.Ports), func(r ports) bool {
			// A type of message is one of each IP family that agents handle.
			return (r.protocol == policy.ICMP || r.protocol == policy.ICMPv6) && !c.handles(r.protocol)
		})
	}
	var out []ports
	for _, p := range append(v1alpha1.Protocols(), policy.ICMP, policy.ICMPv6) {
		if !c.handles(p) {
			continue
		}
		every := policy.EveryPort(p)
		out = append(out, ports{p, every.First, every.Last})
	}
	return out
}

// ask has the engine decide what a pair of endpoints is declared, where one of them is no pod
// of the build or address: on each range of ports that the policies distinguish.
func (d *declared) ask(c claim, own, peer policy.Endpoint) {
	_, to := c.between(own, peer)
	if len(c.Ports) == 0 {
		d.askFlow(c, own, peer, ports{"", 1, 65535})
		return
	}
	for _, r := range c.ranges(to) {
		for _, at := range d.cut(c, own, peer, r) {
			d.askFlow(c, own, peer, at)
		}
	}
}

func (d *declared) askFlow(c claim, own, peer policy.Endpoint, at ports) {
	from, to := c.between(own, peer)
	v, err := d.verdict(flowAt(from, to, at))
	if err != nil {
		d.undecided(c, err)
		return
	}
	if v.Decision() != policy.Allowed {
		d.denied(c, own, peer, at, policy.L7{}, v)
		return
	}
	for _, part := range c.parts {
		switch l7 := side(v, c.direction).L7; {
		case allows(l7, part):
			c.allow()
		case at.protocol == "":
			// Rules differ by port: each range is decided by itself.
			d.askEach(c, own, peer, part)
		default:
			d.denied(c, own, peer, at, part, v)
		}
	}
}

// askEach decides a rule on each range of ports, where every port is declared.
func (d *declared) askEach(c claim, own, peer policy.Endpoint, part policy.L7) {
	c.parts = []policy.L7{part}
	for _, p := range v1alpha1.Protocols() {
		if !c.handles(p) {
			continue
		}
		every := policy.EveryPort(p)
		for _, at := range d.cut(c, own, peer, ports{p, every.First, every.Last}) {
			d.askFlow(c, own, peer, at)
		}
	}
}

// cut cuts a range where what the policies allow at one of the endpoints begins or ends.
func (d *declared) cut(c claim, own, peer policy.Endpoint, r ports) []ports {
	if r.first == r.last {
		return []ports{r}
	}
	starts := []int{int(r.first)}
	for _, at := range []struct {
		ep policy.Endpoint
		d  policy.Direction
	}{{own, c.direction}, {peer, c.direction.Opposite()}} {
		if !at.ep.Selected() {
			continue
		}
		openings, err := d.openingsOf(at.ep, at.d)
		if err != nil {
			// The engine reports it when it decides.
			continue
		}
		for _, o := range openings {
			if o.Protocol == r.protocol {
				starts = append(starts, int(o.First), int(o.Last)+1)
			}
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(slices.DeleteFunc(starts, func(n int) bool { return n < int(r.first) || n > int(r.last) }))
	var out []ports
	for i, first := range starts {
		last := int(r.last)
		if i+1 < len(starts) {
			last = starts[i+1] - 1
		}
		out = append(out, ports{r.protocol, uint16(first), uint16(last)})
	}
	return out
}
