package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
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
	// Policies names the policies that allow the connections, of those before or after the
	// change. None: no policy isolates the pods.
	Policies []string
	// OneSided reports that the other side denies the connections, before and after.
	OneSided bool
	// Text states how many connections change, and names an example.
	Text string
}

// ConnectionChanges finds the connections that a change of policies allows or denies. The Proof's
// engine enforces the policies before the change, and after those after it. It inspects only pods of
// affected namespaces and, for the namespace "", nodes: policies elsewhere are the same.
func (p Proof) ConnectionChanges(after flow.Engine, affected func(namespace string) bool) ([]Difference, error) {
	known, err := shareRepresentatives(p.Engine, after, p.surroundings())
	if err != nil {
		return nil, err
	}
	t := connectionChanges{
		known:  known,
		before: newOpeningsCache(p.Engine), after: newOpeningsCache(after),
		found: map[Effect]*[2]leaks{NowAllowed: {}, NowDenied: {}},
	}
	subjects := slices.DeleteFunc(slices.Clone(known), func(ep endpoints.Endpoint) bool {
		return ep.Kind != endpoints.PodEndpoint || !ep.IsSelected() || !affected(ep.Namespace)
	})
	if affected("") {
		subjects = append(subjects, p.fencedNodes(known)...)
	}
	for i, subject := range subjects {
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
	known         []endpoints.Endpoint
	before, after openingsCache
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
	before, err := t.before.openingSetOf(v)
	if err != nil {
		return err
	}
	after, err := t.after.openingSetOf(v)
	if err != nil || slices.Equal(openingKeys(before.openings), openingKeys(after.openings)) {
		return err
	}
	if err := t.findChanges(NowDenied, v, before, after); err != nil {
		return err
	}
	return t.findChanges(NowAllowed, v, after, before)
}

// findChanges finds what one engine allows and the other does not.
func (t *connectionChanges) findChanges(effect Effect, v view, have, other openingSet) error {
	for _, o := range have.openings {
		peers := o.Peers
		if isUnrestricted(o) {
			if other.isOpen() {
				continue
			}
			peers = t.known
		}
		var last lastLeaks
		for _, peer := range peers {
			for _, rest := range differing(o, other.allowEntries(peer)) {
				if err := t.add(effect, v, rest, peer, &last); err != nil {
					return err
				}
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

// differing returns the part of an opening that no entry allows. Where nothing isolates the pod,
// any part of it represents all.
func differing(o flow.Opening, allowEntries []allowEntry) []flow.Opening {
	rest := subtractAllowed(o, allowEntries)
	if len(o.Policies) == 0 && len(rest) > 0 {
		return []flow.Opening{{}}
	}
	return rest
}

// add counts a connection with those that the other side decides alike.
func (t *connectionChanges) add(effect Effect, v view, o flow.Opening, peer endpoints.Endpoint, last *lastLeaks) error {
	otherSide := t.before
	if effect == NowAllowed {
		otherSide = t.after
	}
	allows, err := otherSide.allows(v, o, peer)
	if err != nil {
		return err
	}
	side := oneSide
	if allows {
		side = bothSides
	}
	if last.opening.Protocol != o.Protocol || last.opening.First != o.First || last.opening.Last != o.Last || !last.opening.L7.Equal(o.L7) {
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

// openingsCache holds the answers of an engine: openings, and the names of the peers in each of them.
// Pods that are alike share their peers.
type openingsCache struct {
	engine   flow.Engine
	openings map[string][]flow.Opening
	names    map[peerList]map[string]bool
}

// peerList identifies a list of peers that several openings share.
type peerList struct {
	first *endpoints.Endpoint
	len   int
}

func newOpeningsCache(e flow.Engine) openingsCache {
	return openingsCache{engine: e, openings: map[string][]flow.Opening{}, names: map[peerList]map[string]bool{}}
}

// openingSet is what passes at one pod or node in one direction.
type openingSet struct {
	openings []flow.Opening
	byPeer   map[string][]allowEntry
}

func (a openingsCache) openingSetOf(v view) (openingSet, error) {
	openings, err := a.openingsOf(v)
	return openingSet{openings: openings, byPeer: allowEntriesByPeer(openings)}, err
}

func (a openingsCache) openingsOf(v view) ([]flow.Opening, error) {
	key := string(v.direction) + " " + string(v.subject.Kind) + " " + v.subject.Name
	if have, ok := a.openings[key]; ok {
		return have, nil
	}
	out, err := a.engine.Openings(v.subject, v.direction)
	if err != nil {
		return nil, fmt.Errorf("find what is open: %w", err)
	}
	a.openings[key] = out
	return out, nil
}

// allows reports whether the other side of a connection allows some of it.
func (a openingsCache) allows(v view, o flow.Opening, peer endpoints.Endpoint) (bool, error) {
	if !peer.IsSelected() || v.subject.Kind == endpoints.NodeEndpoint && v.direction == flow.Egress {
		// Nothing decides there, or a pod's own node opens the connection.
		return true, nil
	}
	others, err := a.openingsOf(view{subject: peer, direction: v.direction.Opposite()})
	if err != nil {
		return false, err
	}
	names := []string{v.subject.Name}
	if v.subject.Kind == endpoints.NodeEndpoint {
		names = []string{string(v1alpha1.EntityHost), string(v1alpha1.EntityRemoteNode)}
	}
	this := portRange{o.Protocol, o.First, o.Last}
	if len(o.Policies) == 0 {
		this = portRange{"", 1, 65535}
	}
	return slices.ContainsFunc(others, func(other flow.Opening) bool {
		return this.overlaps(portRange{other.Protocol, other.First, other.Last}) &&
			(isUnrestricted(other) || slices.ContainsFunc(names, func(name string) bool { return a.namesIn(other.Peers)[name] }))
	}), nil
}

// namesIn returns the names of peers.
func (a openingsCache) namesIn(peers []endpoints.Endpoint) map[string]bool {
	if len(peers) == 0 {
		return nil
	}
	key := peerList{&peers[0], len(peers)}
	if have, ok := a.names[key]; ok {
		return have
	}
	out := make(map[string]bool, len(peers))
	for _, peer := range peers {
		for _, name := range equivalentNames(peer) {
			out[name] = true
		}
	}
	a.names[key] = out
	return out
}

// isOpen reports whether no policy isolates the pod.
func (a openingSet) isOpen() bool { return !isolates(a.openings) }

// isUnrestricted reports whether an opening is that of a pod that no policy isolates.
func isUnrestricted(o flow.Opening) bool { return len(o.Policies) == 0 && len(o.Peers) == 0 }

// allowEntries are what passes to or from a peer.
func (a openingSet) allowEntries(peer endpoints.Endpoint) []allowEntry {
	out := a.byPeer[anyPeer]
	for _, name := range equivalentNames(peer) {
		out = slices.Concat(out, a.byPeer[name])
	}
	if peer.Kind == endpoints.NameEndpoint {
		// A rule for the entity world also allows DNS names.
		out = slices.Concat(out, a.byPeer[string(v1alpha1.EntityWorld)], a.byPeer[string(v1alpha1.EntityWorldIPv4)])
	}
	return out
}
