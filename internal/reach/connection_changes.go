package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Effect is what another set of policies does to a connection.
type Effect string

// The effects.
const (
	NowAllowed Effect = "allowed"
	NowDenied  Effect = "denied"
)

// Difference is connections that change alike: they differ in source and destination alone.
type Difference struct {
	Effect Effect
	// Namespace of the pods whose policies change, "" for nodes.
	Namespace string
	// Policies are those that allow the connections, before or after the change. None: no policy
	// isolates the pods.
	Policies flow.Policies
	// OneSided reports that the other side denies the connections, before and after.
	OneSided bool
	// Text states how many connections change, and names an example.
	Text string
}

// ConnectionChanges finds the connections that a change of policies allows or denies. The Proof's
// view is that of the policies before the change, and after that of those after it. It inspects only pods of
// affected namespaces and, for the namespace "", nodes: policies elsewhere are the same.
func (p Proof) ConnectionChanges(after *flow.View, affected func(namespace string) bool) ([]Difference, error) {
	known := p.View.Set.Known()
	// Nodes are peers as entities. A name that only the policies after the change know is a part of the world.
	everyone := slices.DeleteFunc(slices.Clone(known), func(ep endpoints.Endpoint) bool {
		return ep.Kind == endpoints.NodeEndpoint || ep.Kind == endpoints.NameEndpoint && !p.View.Lists(ep)
	})
	t := connectionChanges{everyone: flow.NewPeerSet(everyone...), before: p.View, after: after, found: map[Effect]*[2]leaks{NowAllowed: {}, NowDenied: {}}}
	subjects := slices.DeleteFunc(slices.Clone(known), func(ep endpoints.Endpoint) bool {
		return ep.Kind != endpoints.PodEndpoint || !ep.IsSelected() || !affected(ep.Namespace) || !p.Slice.Includes(p.Fence.OwnerOfPod(ep.Namespace, ep.Labels).Tenant())
	})
	if affected("") {
		subjects = append(subjects, p.fencedNodes(known)...)
	}
	for i, subject := range flow.Ahead(subjects, t.before, t.after) {
		p.Progress.Report("comparing with earlier policies", i, len(subjects))
		for _, d := range flow.Directions() {
			if err := t.compare(view{subject: subject, direction: d}); err != nil {
				return nil, err
			}
		}
	}
	return t.differences(), nil
}

// connectionChanges compares two engines pod by pod.
type connectionChanges struct {
	// everyone are the peers of a pod that nothing isolates.
	everyone      *flow.PeerSet
	before, after *flow.View
	// found are the connections that change: those that the other side allows, and those
	// that it denies.
	found map[Effect]*[2]leaks
}

// The indexes of the pairs in connectionChanges.found.
const (
	bothSides = iota
	oneSide
)

// compare finds what changes at one pod or node in one direction.
func (t *connectionChanges) compare(v view) error {
	before, after, err := bothOpenings(t.before, t.after, v.subject, v.direction)
	if err != nil || before.Equal(after) {
		return err
	}
	for _, way := range []struct {
		effect      Effect
		have, other flow.Openings
	}{{NowDenied, before, after}, {NowAllowed, after, before}} {
		var last lastLeaks
		for peer, rest := range way.have.Without(way.other, t.everyone) {
			if err := t.add(way.effect, v, rest, *peer, &last); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastLeaks is where the last connections went: mostly the next ones go there, too.
type lastLeaks struct {
	opening flow.Opening
	leaks   [2]*leak
}

// add counts a connection with those that the other side decides alike.
func (t *connectionChanges) add(effect Effect, v view, o flow.Opening, peer endpoints.Endpoint, last *lastLeaks) error {
	otherSide := t.before
	if effect == NowAllowed {
		otherSide = t.after
	}
	allows, err := allowsOtherSide(otherSide, v, o, peer)
	if err != nil {
		return err
	}
	side := oneSide
	if allows {
		side = bothSides
	}
	if last.opening.Ports != o.Ports || !last.opening.L7.Equal(o.L7) || !slices.Equal(last.opening.Policies, o.Policies) {
		*last = lastLeaks{opening: o}
	}
	if last.leaks[side] == nil {
		last.leaks[side] = t.found[effect][side].leakOf(v, o, "")
	}
	last.leaks[side].add(v, peer)
	return nil
}

func (t *connectionChanges) differences() []Difference {
	var out []Difference
	for _, effect := range []Effect{NowAllowed, NowDenied} {
		for side := range t.found[effect] {
			for _, l := range t.found[effect][side].list {
				d := Difference{Effect: effect, Namespace: l.namespace, Policies: l.opening.Policies, OneSided: side == oneSide}
				d.Text = l.describeChange(effect)
				out = append(out, d)
			}
		}
	}
	return out
}

// describeChange describes connections that are newly allowed or denied.
func (l *leak) describeChange(effect Effect) string {
	verb := map[Effect]string{NowAllowed: "allows", NowDenied: "denies"}[effect]
	count := report.Count(l.count, "more connection")
	if len(l.opening.Policies) > 0 {
		return fmt.Sprintf("%s %s: %s%s to %s%s on %s", verb, count, l.from, l.sources().moreSuffix(), l.to, l.destinations().moreSuffix(), l.portsAndL7())
	}
	which := l.subjects.list[0] + l.subjects.moreSuffix()
	if effect == NowAllowed {
		return fmt.Sprintf("%s %s: no policy isolates the %s of %s any more: for example, %s to %s is allowed", verb, count, l.direction, which, l.from, l.to)
	}
	return fmt.Sprintf("%s %s: the %s of %s is isolated now, and policies allow less: for example, %s to %s is denied", verb, count, l.direction, which, l.from, l.to)
}

// allowsOtherSide reports whether the other side of a connection allows some of it.
func allowsOtherSide(of *flow.View, v view, o flow.Opening, peer endpoints.Endpoint) (bool, error) {
	if !peer.IsSelected() || v.subject.Kind == endpoints.NodeEndpoint && v.direction == flow.Egress {
		// Nothing decides there, or a pod's own node opens the connection.
		return true, nil
	}
	others, err := of.Openings(peer, v.direction.Opposite())
	if err != nil {
		return false, fmt.Errorf("find what is open: %w", err)
	}
	ports := o.Ports
	if len(o.Policies) == 0 {
		ports = flow.AllPorts("")
	}
	return others.Allow(ports, v.isSubject), nil
}
