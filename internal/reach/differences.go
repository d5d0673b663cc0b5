package reach

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Differences compares the connections of two builds that CompileAlike has compiled. A pod of both builds
// is one with the same name: its labels and ports may differ. Policies of other names, in another order, or
// that allow the same in other parts are no difference.
func Differences(before, after *Questions, progress report.Progress) ([]report.Difference, error) {
	d := newDifferences(before, after)
	pods, nodes, outside := slices.Concat(d.pods(), d.later()), d.nodes(), d.outside()
	if err := d.addSides(progress, pods, nodes); err != nil {
		return nil, err
	}
	subjects := slices.Concat(pods, nodes)
	for i := range subjects {
		progress.Report("comparing connections", i, len(subjects))
		withPods := flow.Directions()
		if subjects[i].isPod() {
			// The other direction is compared at the other pod.
			withPods = []flow.Direction{flow.Egress}
		}
		if err := d.compareAll(&subjects[i], pods, withPods); err != nil {
			return nil, err
		}
		if err := d.compareAll(&subjects[i], outside, flow.Directions()); err != nil {
			return nil, err
		}
	}
	return d.list(), nil
}

// sideOfBuild is the index of one of the two builds.
type sideOfBuild int

// The two builds.
const (
	beforeChange sideOfBuild = iota
	afterChange
	bothBuilds
)

// common is an endpoint of two builds. Its endpoint in a build that lacks it is nil.
type common struct {
	name string
	in   [bothBuilds]*endpoints.Endpoint
	// egress and ingress are its sides. Nil: policies cannot select it, or the build lacks it.
	egress, ingress [bothBuilds]*peerSide
}

func (c *common) side(d flow.Direction) *[bothBuilds]*peerSide {
	if d == flow.Ingress {
		return &c.ingress
	}
	return &c.egress
}

func (c common) isPod() bool {
	return c.any().Kind == endpoints.PodEndpoint
}

func (c common) any() *endpoints.Endpoint { return cmp.Or(c.in[afterChange], c.in[beforeChange]) }

// changeOf states whether an endpoint is in one build only.
func (c common) changeOf() report.PodChange {
	switch {
	case !c.isPod():
		return ""
	case c.any().Representative:
		return report.LaterPod
	case c.in[beforeChange] == nil:
		return report.NewPod
	case c.in[afterChange] == nil:
		return report.RemovedPod
	}
	return ""
}

// differences collects the differences of two builds.
type differences struct {
	builds    [bothBuilds]*Questions
	protocols [bothBuilds][]flow.PortRange
	sides     [bothBuilds]peerClasses
	// known has what differs in pairs of the same classes.
	known map[pairClass][]pairDifference
	// found are groups of pairs that differ alike.
	found map[foundKey]*foundDifference
	// ids number the contents of differences.
	ids map[string]int
}

// pairClass is equal for pairs that differ alike.
type pairClass struct {
	own, other [bothBuilds]int32
	ingress    bool
	// peer is an endpoint outside the cluster, nil for a pod.
	peer *endpoints.Endpoint
}

// foundKey identifies a difference with its pairs.
type foundKey struct {
	id                  int
	direction           flow.Direction
	source, destination report.PodChange
}

func (k foundKey) isLater() bool {
	return k.source == report.LaterPod || k.destination == report.LaterPod
}

// foundDifference is a difference with its pairs.
type foundDifference struct {
	report.Difference
	direction flow.Direction
	pairs     pairs
}

func newDifferences(before, after *Questions) *differences {
	return &differences{
		builds: [bothBuilds]*Questions{before, after}, protocols: [bothBuilds][]flow.PortRange{protocolsOf(before.View), protocolsOf(after.View)},
		sides: [bothBuilds]peerClasses{newPeerClasses(before), newPeerClasses(after)}, known: map[pairClass][]pairDifference{}, found: map[foundKey]*foundDifference{}, ids: map[string]int{},
	}
}

// pods returns the pods of both builds, sorted by name.
func (d *differences) pods() []common {
	return d.common(func(s *endpoints.Set) []endpoints.Endpoint { return s.Pods() })
}

// later returns the representative pods, which both builds have.
func (d *differences) later() []common {
	return d.common(func(s *endpoints.Set) []endpoints.Endpoint {
		return slices.DeleteFunc(s.Known(), func(ep endpoints.Endpoint) bool { return !isLaterPod(ep, "") })
	})
}

// nodes returns the nodes that policies distinguish, and those of both builds.
func (d *differences) nodes() []common {
	return d.common(func(s *endpoints.Set) []endpoints.Endpoint {
		return slices.DeleteFunc(slices.Clone(s.Endpoints), func(ep endpoints.Endpoint) bool { return ep.Kind != endpoints.NodeEndpoint })
	})
}

// outside returns the listed endpoints that are neither pods nor nodes.
func (d *differences) outside() []common {
	return d.common(func(s *endpoints.Set) []endpoints.Endpoint {
		return slices.DeleteFunc(s.Known(), func(ep endpoints.Endpoint) bool {
			return ep.Kind == endpoints.PodEndpoint || ep.Kind == endpoints.NodeEndpoint
		})
	})
}

// common returns endpoints of both builds by their names.
func (d *differences) common(of func(*endpoints.Set) []endpoints.Endpoint) []common {
	var out []common
	at := map[string]int{}
	for i, q := range d.builds {
		times := map[string]int{}
		for _, ep := range of(q.View.Set) {
			// Resources of two groups may have one kind and name.
			name := report.EndpointName(&ep)
			times[name]++
			key := fmt.Sprint(ep.Kind, " ", ep.Name, " ", name, " ", times[name])
			if _, known := at[key]; !known {
				at[key] = len(out)
				out = append(out, common{name: name})
			}
			out[at[key]].in[i] = &q.View.Set.Endpoints[ep.ID-1]
		}
	}
	slices.SortStableFunc(out, func(a, b common) int {
		return cmp.Or(cmp.Compare(a.any().Kind, b.any().Kind), cmp.Compare(a.name, b.name))
	})
	return out
}

// addSides finds what policies allow at the sides of endpoints.
func (d *differences) addSides(progress report.Progress, lists ...[]common) error {
	for _, all := range lists {
		for i := range all {
			progress.Report("finding connections", i, len(all))
			for build, ep := range all[i].in {
				if ep == nil {
					continue
				}
				for _, direction := range flow.Directions() {
					side, err := d.sides[build].at(*ep, direction)
					if err != nil {
						return err
					}
					all[i].side(direction)[build] = side
				}
			}
		}
	}
	return nil
}

// compareAll compares the connections of a subject with some peers.
func (d *differences) compareAll(subject *common, peers []common, directions []flow.Direction) error {
	for _, direction := range directions {
		for i := range peers {
			if !peers[i].isPod() && !isPeer(*peers[i].any(), direction) {
				continue
			}
			differing, err := d.compare(subject, &peers[i], direction)
			if err != nil {
				return err
			}
			for _, one := range differing {
				d.add(subject, &peers[i], direction, one)
			}
		}
	}
	return nil
}

// compare returns what differs between a pair, once for all pairs of a class.
func (d *differences) compare(subject, peer *common, direction flow.Direction) ([]pairDifference, error) {
	key := pairClass{ingress: direction == flow.Ingress}
	own, others := subject.side(direction), peer.side(direction.Opposite())
	for i := range d.builds {
		if subject.in[i] != nil && peer.in[i] != nil {
			key.own[i] = d.sides[i].classWith(own[i], peer.in[i])
			key.other[i] = d.sides[i].classWith(others[i], subject.in[i])
		}
	}
	if !peer.isPod() {
		key.peer = peer.any()
	}
	out, known := d.known[key]
	if !known {
		var err error
		if out, err = d.pairDifferences(subject, peer, direction); err != nil {
			return nil, err
		}
		d.known[key] = out
	}
	return out, nil
}

// add adds a pair to those that differ alike.
func (d *differences) add(subject, peer *common, direction flow.Direction, one pairDifference) {
	from, to := subject, peer
	if direction == flow.Ingress {
		from, to = peer, subject
	}
	key := foundKey{one.id, direction, from.changeOf(), to.changeOf()}
	found := d.found[key]
	if found == nil {
		found = &foundDifference{Difference: one.Difference, direction: direction}
		found.Source, found.Destination = key.source, key.destination
		d.found[key] = found
	}
	found.Count++
	found.pairs.add(subject.name, peer.name)
}

// list returns the differences, sorted.
func (d *differences) list() []report.Difference {
	out := []report.Difference{}
	listed := d.listed()
	for key, f := range d.found {
		// What pods of the builds have, later pods have with the same policies.
		if key.isLater() && (!f.Opens() || listed[listedKey{key.id, key.direction}]) {
			continue
		}
		for _, g := range f.pairs.all() {
			pair := report.ConnectionPairs{From: g.subjects, To: g.peers}
			if f.direction == flow.Ingress {
				pair = report.ConnectionPairs{From: g.peers, To: g.subjects}
			}
			f.Pairs = append(f.Pairs, pair)
		}
		out = append(out, f.Difference)
	}
	slices.SortFunc(out, compareDifferences)
	return out
}

// listedKey identifies a difference, whichever pairs have it.
type listedKey struct {
	id        int
	direction flow.Direction
}

// listed are the differences of endpoints in the builds.
func (d *differences) listed() map[listedKey]bool {
	out := map[listedKey]bool{}
	for key := range d.found {
		if !key.isLater() {
			out[listedKey{key.id, key.direction}] = true
		}
	}
	return out
}

// compareDifferences orders differences by their kinds, first pairs and contents.
func compareDifferences(a, b report.Difference) int {
	kinds := report.DifferenceKinds()
	first := func(d report.Difference) string { return d.Pairs[0].From[0] + "\n" + d.Pairs[0].To[0] }
	return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(first(a), first(b)),
		slices.CompareFunc(a.Ports, b.Ports, flow.PortRange.Compare), strings.Compare(endpoints.JSONKey(a), endpoints.JSONKey(b)))
}
