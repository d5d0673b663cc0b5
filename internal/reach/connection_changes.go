package reach

import (
	"fmt"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// Effect is what another set of policies does to a connection.
type Effect string

// The effects.
const (
	Opened Effect = "opened"
	Closed Effect = "closed"
)

// Difference is connections that change alike: they differ in their ends alone.
type Difference struct {
	Effect Effect
	// Namespace of the pods whose policies change, "" for nodes.
	Namespace string
	// By names the policies that allow the connections, of those before or after the
	// change. None: no policy isolates the pods.
	By []string
	// OneSided reports that the other side denies the connections, before and after.
	OneSided bool
	// Text states how many connections change, and names an example.
	Text string
}

// Traffic finds the connections that other policies open or close. The Proof's engine
// enforces those before, after those after the change. Only pods of affected namespaces
// and, for the namespace "", nodes are looked at: policies elsewhere are the same.
func (p Proof) Traffic(after policy.Engine, affected func(namespace string) bool) ([]Difference, error) {
	known, err := meet(p.Engine, after, p.surroundings())
	if err != nil {
		return nil, err
	}
	t := traffic{
		known:  known,
		before: newAnswers(p.Engine), after: newAnswers(after),
		found: map[Effect]*[2]leaks{Opened: {}, Closed: {}},
	}
	subjects := slices.DeleteFunc(slices.Clone(known), func(ep policy.Endpoint) bool {
		return ep.Kind != policy.PodEndpoint || !ep.Selected() || !affected(ep.Namespace)
	})
	if affected("") {
		subjects = append(subjects, p.fencedNodes(known)...)
	}
	for i, subject := range subjects {
		p.Progress.Tell("comparing with earlier policies", i, len(subjects))
		for _, d := range policy.Directions() {
			if err := t.compare(view{subject: subject, direction: d}); err != nil {
				return nil, err
			}
		}
	}
	return t.differences(), nil
}

// traffic compares two engines pod by pod.
type traffic struct {
	known         []policy.Endpoint
	before, after answers
	// found are the connections that change: those that the other side allows, and those
	// that it denies.
	found map[Effect]*[2]leaks
}

// The places in traffic.found.
const (
	bothSides = iota
	oneSide
)

// compare finds what changes at one pod or node in one direction.
func (t *traffic) compare(v view) error {
	before, err := t.before.of(v)
	if err != nil {
		return err
	}
	after, err := t.after.of(v)
	if err != nil || slices.Equal(spelledOut(before.openings), spelledOut(after.openings)) {
		return err
	}
	if err := t.lost(Closed, v, before, after); err != nil {
		return err
	}
	return t.lost(Opened, v, after, before)
}

// lost finds what passes by one answer and not by the other.
func (t *traffic) lost(effect Effect, v view, have, other answer) error {
	for _, o := range have.openings {
		peers := o.Peers
		if everything(o) {
			if other.isOpen() {
				continue
			}
			peers = t.known
		}
		var last differenceAt
		for _, peer := range peers {
			for _, rest := range differing(o, other.passages(peer)) {
				if err := t.add(effect, v, rest, peer, &last); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// differenceAt is where the last connections went: mostly the next ones go there, too.
type differenceAt struct {
	opening policy.Opening
	leaks   [2]*leak
}

// differing is the part of an opening that no passage allows. Where nothing isolates the
// pod, any part of it stands for all.
func differing(o policy.Opening, passages []passage) []policy.Opening {
	rest := closed(o, passages)
	if len(o.By) == 0 && len(rest) > 0 {
		return []policy.Opening{{}}
	}
	return rest
}

// add counts a connection, with those of which the other side's answer is the same.
func (t *traffic) add(effect Effect, v view, o policy.Opening, peer policy.Endpoint, last *differenceAt) error {
	there := t.before
	if effect == Opened {
		there = t.after
	}
	allows, err := there.allows(v, o, peer)
	if err != nil {
		return err
	}
	side := oneSide
	if allows {
		side = bothSides
	}
	if last.opening.Protocol != o.Protocol || last.opening.First != o.First || last.opening.Last != o.Last || !last.opening.L7.Equal(o.L7) {
		*last = differenceAt{opening: o}
	}
	if last.leaks[side] == nil {
		last.leaks[side] = t.found[effect][side].of(v, o)
	}
	last.leaks[side].add(v, peer)
	return nil
}

func (t *traffic) differences() []Difference {
	var out []Difference
	for _, effect := range []Effect{Opened, Closed} {
		for side := range t.found[effect] {
			for _, l := range t.found[effect][side].list {
				d := Difference{Effect: effect, Namespace: l.namespace, By: l.opening.By, OneSided: side == oneSide}
				d.Text = l.change(effect)
				out = append(out, d)
			}
		}
	}
	return out
}

// change describes connections that open or close.
func (l *leak) change(effect Effect) string {
	verb := map[Effect]string{Opened: "opens", Closed: "closes"}[effect]
	count := policy.Count(l.count, "connection")
	if len(l.opening.By) > 0 {
		return fmt.Sprintf("%s %s: %s%s to %s%s on %s", verb, count, l.from, l.ends().others(), l.to, l.otherEnds().others(), l.what())
	}
	which := l.subjects.list[0] + l.subjects.others()
	if effect == Opened {
		return fmt.Sprintf("%s %s: no policy isolates the %s of %s any more; for example %s to %s", verb, count, l.direction, which, l.from, l.to)
	}
	return fmt.Sprintf("%s %s: the %s of %s was not isolated, and now only what policies allow passes; no longer, for example, %s to %s", verb, count, l.direction, which, l.from, l.to)
}

// answers are what an engine answers, asked once: openings, of which those of alike pods
// share their peers, and the names of the peers in each of them.
type answers struct {
	engine   policy.Engine
	openings map[string][]policy.Opening
	names    map[peerList]map[string]bool
}

// peerList identifies a list of peers that several openings share.
type peerList struct {
	first *policy.Endpoint
	len   int
}

func newAnswers(e policy.Engine) answers {
	return answers{engine: e, openings: map[string][]policy.Opening{}, names: map[peerList]map[string]bool{}}
}

// answer is what passes at one pod or node in one direction.
type answer struct {
	openings []policy.Opening
	byPeer   map[string][]passage
}

func (a answers) of(v view) (answer, error) {
	openings, err := a.openingsOf(v)
	return answer{openings: openings, byPeer: passagesByPeer(openings)}, err
}

func (a answers) openingsOf(v view) ([]policy.Opening, error) {
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
func (a answers) allows(v view, o policy.Opening, peer policy.Endpoint) (bool, error) {
	if !peer.Selected() || v.subject.Kind == policy.NodeEndpoint && v.direction == policy.Egress {
		// Nothing decides there, or a pod's own node opens the connection.
		return true, nil
	}
	others, err := a.openingsOf(view{subject: peer, direction: v.direction.Opposite()})
	if err != nil {
		return false, err
	}
	names := []string{v.subject.Name}
	if v.subject.Kind == policy.NodeEndpoint {
		names = []string{string(v1alpha1.EntityHost), string(v1alpha1.EntityRemoteNode)}
	}
	this := ports{o.Protocol, o.First, o.Last}
	if len(o.By) == 0 {
		this = ports{"", 1, 65535}
	}
	return slices.ContainsFunc(others, func(other policy.Opening) bool {
		return this.overlaps(ports{other.Protocol, other.First, other.Last}) &&
			(everything(other) || slices.ContainsFunc(names, func(name string) bool { return a.namesIn(other.Peers)[name] }))
	}), nil
}

// namesIn are the names of peers.
func (a answers) namesIn(peers []policy.Endpoint) map[string]bool {
	if len(peers) == 0 {
		return nil
	}
	key := peerList{&peers[0], len(peers)}
	if have, ok := a.names[key]; ok {
		return have
	}
	out := make(map[string]bool, len(peers))
	for _, peer := range peers {
		for _, name := range namesOf(peer) {
			out[name] = true
		}
	}
	a.names[key] = out
	return out
}

// isOpen reports whether no policy isolates the pod.
func (a answer) isOpen() bool { return !isolates(a.openings) }

// everything reports whether an opening is that of a pod that no policy isolates.
func everything(o policy.Opening) bool { return len(o.By) == 0 && len(o.Peers) == 0 }

// passages are what passes to or from a peer.
func (a answer) passages(peer policy.Endpoint) []passage {
	out := a.byPeer[everybody]
	for _, name := range namesOf(peer) {
		out = slices.Concat(out, a.byPeer[name])
	}
	if peer.Kind == policy.NameEndpoint {
		// Who reaches all of the world needs no name.
		out = slices.Concat(out, a.byPeer[string(v1alpha1.EntityWorld)], a.byPeer[string(v1alpha1.EntityWorldIPv4)])
	}
	return out
}
