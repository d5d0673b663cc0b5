package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// compare holds the declared ports and rules against all that the policies allow between a
// pod and a peer, which the engine lists in openings.
func (d *declared) compare(c claim, own, peer policy.Endpoint) {
	from, to := c.between(own, peer)
	here, err := d.answerOf(own, c.direction)
	if err != nil {
		d.undecided(c, fmt.Errorf("%s -> %s: %w", from.Name, to.Name, err))
		return
	}
	there, err := d.there(c, own, peer)
	if err != nil {
		d.undecided(c, fmt.Errorf("%s -> %s: %w", from.Name, to.Name, err))
		return
	}
	passages, ranges := here.passages(peer), c.ranges(to)
	for _, part := range c.parts {
		var rest []ports
		allowed := 0
		for _, r := range ranges {
			missing := uncovered(r, part, passages)
			for _, x := range uncovered(r, part, there) {
				missing = append(missing, without(x, missing)...)
			}
			allowed += len(without(r, missing))
			rest = append(rest, missing...)
		}
		if allowed > 0 {
			c.allow()
		} else if len(c.Ports) == 0 {
			rest = []ports{{"", 1, 65535}}
		}
		for _, at := range rest {
			d.deny(c, own, peer, at, part)
		}
	}
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

// answerOf is what passes at a pod, by the names of its peers.
func (d *declared) answerOf(pod policy.Endpoint, direction policy.Direction) (answer, error) {
	key := string(direction) + " " + pod.Name
	if have, ok := d.passages[key]; ok {
		return have, nil
	}
	openings, err := d.openingsOf(pod, direction)
	if err != nil {
		return answer{}, err
	}
	d.remembered += peersOf(openings)
	if d.remembered > mostRemembered {
		clear(d.passages)
		d.remembered = peersOf(openings)
	}
	// What is open to a part of a peer's addresses is not open to the peer.
	whole := slices.DeleteFunc(slices.Clone(openings), func(o policy.Opening) bool { return o.Partial })
	d.passages[key] = answer{openings, passagesByPeer(whole)}
	return d.passages[key], nil
}

// there is what passes at the other side of a pair. Where the fence writes that side, the
// flow is declared there, too, and its rules are decided there.
func (d *declared) there(c claim, own, peer policy.Endpoint) ([]passage, error) {
	if !peer.Selected() {
		return []passage{{ports: ports{"", 1, 65535}}}, nil
	}
	openings, err := d.openingsOf(peer, c.direction.Opposite())
	if err != nil {
		return nil, err
	}
	fenced := c.L7.TLS() || d.Fence.OwnerOfPod(peer.Namespace, peer.Labels) != nil
	var out []passage
	for _, o := range openings {
		if o.Partial {
			continue
		}
		if everything(o) || slices.ContainsFunc(o.Peers, func(ep policy.Endpoint) bool { return ep.Name == own.Name }) {
			p := passage{ports: ports{o.Protocol, o.First, o.Last}, l7: o.L7}
			if fenced {
				p.l7 = policy.L7{}
			}
			out = append(out, p)
		}
	}
	return out, nil
}

// ranges are the declared ports at a destination, each of one protocol. None: the destination
// gives no port that name.
func (c claim) ranges(to policy.Endpoint) []ports {
	declared := c.Ports
	if len(c.Named) > 0 {
		declared = c.Named
	}
	if len(declared) > 0 {
		return portsOf(declared, to.Ports)
	}
	var out []ports
	for _, p := range append(v1alpha1.Protocols(), policy.ICMP, policy.ICMPv6) {
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
		case at.protocol == "" && l7.Other != "":
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
