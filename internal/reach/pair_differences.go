package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// pairDifference is one difference of a pair of endpoints. Those with equal contents have one id.
type pairDifference struct {
	report.Difference
	id int
}

// pairDifferences returns what differs between a subject and a peer.
func (d *differences) pairDifferences(subject, peer *common, direction flow.Direction) ([]pairDifference, error) {
	var in [bothBuilds]allowances
	for i, q := range d.builds {
		if subject.in[i] == nil || peer.in[i] == nil {
			continue
		}
		all, err := q.between(*subject.in[i], peer.in[i], direction)
		if err == nil {
			err = q.addNotes(all)
		}
		if err != nil {
			return nil, err
		}
		in[i] = expand(all, d.protocols[i], func(c *report.Connection) *flow.PortRange { return &c.Ports })
	}
	c := pairComparison{differences: d, byKey: map[string]*pairDifference{}}
	if !subject.isPod() && peer.isPod() && peer.changeOf() == "" {
		// What changes at the pod alone is a connection of the entities that nodes are.
		if same, err := c.allowsSame(subject, peer, direction); err != nil || same {
			return nil, err
		}
	}
	c.connections(in[beforeChange], in[afterChange])
	if err := c.oneSided(subject, peer, direction); err != nil {
		return nil, err
	}
	return c.list(), nil
}

// addNotes adds the cases in which connections are allowed.
func (q *Questions) addNotes(all []report.Connection) error {
	for i := range all {
		if c := &all[i]; c.Decision() == flow.Depends && c.Note == "" {
			v, err := q.View.Decide(exampleOf(*c))
			if err != nil {
				return fmt.Errorf("find connections: %w", err)
			}
			c.Note = v.Note
		}
	}
	return nil
}

// pairComparison compares one pair.
type pairComparison struct {
	*differences
	byKey map[string]*pairDifference
	order []string
	// opened are the ports on which connections allow more.
	opened []flow.PortRange
}

// add adds ports to the difference with the same contents.
func (c *pairComparison) add(one report.Difference, ports flow.PortRange) {
	if one.Opens() {
		c.opened = append(c.opened, ports)
	}
	key := endpoints.JSONKey(one)
	if c.byKey[key] == nil {
		c.byKey[key] = &pairDifference{Difference: one}
		c.order = append(c.order, key)
	}
	c.byKey[key].Ports = append(c.byKey[key].Ports, ports)
}

func (c *pairComparison) list() []pairDifference {
	var out []pairDifference
	for _, key := range c.order {
		one := c.byKey[key]
		protocols := c.protocols[afterChange]
		if one.Kind == report.Closed {
			protocols = c.protocols[beforeChange]
		}
		one.Ports = joinedPorts(one.Ports, protocols)
		content := fmt.Sprint(key, one.Ports)
		if _, known := c.ids[content]; !known {
			c.ids[content] = len(c.ids)
		}
		one.id = c.ids[content]
		out = append(out, *one)
	}
	return out
}

// connections compares the connections of a pair on each range of ports that some of them distinguish.
func (c *pairComparison) connections(before, after allowances) {
	for _, ports := range distinguishedPorts(before, after) {
		old, now := before.atPorts(ports), after.atPorts(ports)
		one := report.Difference{Before: old.allowance(), After: now.allowance()}
		switch {
		case len(old) == 0:
			one.Kind = report.Opened
		case len(now) == 0:
			one.Kind = report.Closed
		case old.key() == now.key():
			continue
		default:
			wider, narrower := !old.covers(now), !now.covers(old)
			if !wider && !narrower {
				continue
			}
			one.Kind, one.Wider = report.Changed, wider
		}
		c.add(one, ports)
	}
}

// distinguishedPorts returns the ports of some connections, cut where any of them begins or ends.
func distinguishedPorts(all ...allowances) []flow.PortRange {
	var bounds, out []flow.PortRange
	for _, list := range all {
		for _, c := range list {
			bounds = append(bounds, c.Ports)
		}
	}
	for _, r := range flow.MergeRanges(bounds) {
		out = append(out, r.Split(bounds)...)
	}
	return out
}

// oneSided finds what one side newly allows and the other side denies. Only pods and nodes of both builds
// have sides that widen.
func (c *pairComparison) oneSided(subject, peer *common, direction flow.Direction) error {
	for _, ep := range []*common{subject, peer} {
		if !ep.any().IsSelected() || ep.changeOf() != "" {
			return nil
		}
	}
	for _, side := range []struct {
		at, peer  *common
		direction flow.Direction
	}{{subject, peer, direction}, {peer, subject, direction.Opposite()}} {
		before, err := c.partsOf(beforeChange, side.at, side.peer, side.direction)
		if err != nil {
			return err
		}
		after, err := c.partsOf(afterChange, side.at, side.peer, side.direction)
		if err != nil {
			return err
		}
		for _, a := range after {
			c.addWidened(before, a, side.direction)
		}
	}
	return nil
}

// addWidened adds what a part allows and others do not, on ports on which no connection allows more.
func (c *pairComparison) addWidened(before []part, a part, side flow.Direction) {
	var have []flow.Traffic
	for _, b := range before {
		if b.side.Decision != flow.Depends || a.side.Decision == flow.Depends {
			have = append(have, flow.Traffic{Ports: b.ports, L7: b.side.L7})
		}
	}
	q := c.builds[afterChange]
	for _, rest := range (flow.Opening{Ports: a.ports, L7: a.side.L7, Policies: a.side.Policies}).Without(have) {
		conn := report.Connection{}
		*conn.Side(side) = flow.Side{Decision: a.side.Decision, Policies: rest.Policies, L7: rest.L7}
		conn.DeclaredBy = q.declaredBy(conn)
		for _, ports := range rest.Ports.Without(c.opened) {
			c.add(report.Difference{Kind: report.OneSided, Side: side, After: allowances{conn}.allowance()}, ports)
		}
	}
}

// allowsSame reports whether the side of an endpoint allows the same in both builds.
func (c *pairComparison) allowsSame(at, peer *common, d flow.Direction) (bool, error) {
	var keys [bothBuilds]string
	for build := range c.builds {
		all, err := c.partsOf(sideOfBuild(build), at, peer, d)
		if err != nil {
			return false, err
		}
		for _, p := range all {
			keys[build] += fmt.Sprint(p.ports, p.side.Decision, p.side.L7, "\n")
		}
	}
	return keys[beforeChange] == keys[afterChange], nil
}

// partsOf returns what the side of an endpoint allows in a build, with a protocol for each part.
func (c *pairComparison) partsOf(build sideOfBuild, at, peer *common, d flow.Direction) ([]part, error) {
	all, err := c.builds[build].parts(*at.in[build], peer.in[build].ID, d)
	return slices.Clone(expand(all, c.protocols[build], func(p *part) *flow.PortRange { return &p.ports })), err
}
