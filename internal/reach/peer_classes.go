package reach

import (
	"fmt"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// peerClasses number what policies allow at one side with a peer, for all sides of a build: pairs of equal
// numbers are allowed the same. It is found once for endpoints with the same openings.
type peerClasses struct {
	*Questions
	// byFirst finds a side by the first of its openings, which endpoints of a class share.
	byFirst map[*flow.Opening]*peerSide
	// several has the class of a peer that is several endpoints to the other side, by their classes.
	several map[string]int32
	// numbers is the number of classes.
	numbers *int32
}

// peerSide has the classes of the peers of a side. Others are in no opening, and have the class of the rest.
type peerSide struct {
	of   map[endpoints.ID]int32
	rest int32
}

func newPeerClasses(q *Questions) peerClasses {
	return peerClasses{q, map[*flow.Opening]*peerSide{}, map[string]int32{}, new(int32)}
}

// at returns the side of an endpoint. Nil: policies cannot select it.
func (c peerClasses) at(ep endpoints.Endpoint, d flow.Direction) (*peerSide, error) {
	if !ep.IsSelected() {
		return nil, nil
	}
	all, err := c.openings(ep, d)
	if err != nil {
		return nil, err
	}
	var first *flow.Opening
	if len(all) > 0 {
		first = &all[0]
	}
	if c.byFirst[first] == nil {
		c.byFirst[first] = c.classify(all)
	}
	return c.byFirst[first], nil
}

// The classes that all sides have in common.
const (
	// notSelected is the class of every peer of a side that no policy can select.
	notSelected int32 = iota
	// inNoOpening is the class of peers with which nothing is allowed.
	inNoOpening
	// inOpenSide is the class of every peer of a side that nothing isolates.
	inOpenSide
	firstClass
)

// classify puts peers that are in the same openings in one class.
func (c peerClasses) classify(all flow.Openings) *peerSide {
	s := &peerSide{of: map[endpoints.ID]int32{}, rest: inNoOpening}
	switch {
	case all.Isolate():
	case len(all) == 1:
		s.rest = inOpenSide
	default:
		s.rest = c.next()
	}
	for _, o := range all {
		moved := map[int32]int32{}
		for peer := range o.Peers.All() {
			class := s.class(peer.ID)
			if _, done := moved[class]; !done {
				moved[class] = c.next()
			}
			s.of[peer.ID] = moved[class]
		}
	}
	return s
}

// next returns a class that is not used yet.
func (c peerClasses) next() int32 {
	*c.numbers++
	return firstClass + *c.numbers
}

// classWith returns the class of a peer of a side.
func (c peerClasses) classWith(s *peerSide, peer *endpoints.Endpoint) int32 {
	if s == nil {
		return notSelected
	}
	all := c.asPeer(peer.ID)
	if len(all) == 1 && all[0] == peer.ID {
		return s.class(peer.ID)
	}
	key := fmt.Appendf(nil, "%d ", s.rest)
	for _, id := range all {
		key = fmt.Appendf(key, "%d ", s.class(id))
	}
	out, known := c.several[string(key)]
	if !known {
		out = c.next()
		c.several[string(key)] = out
	}
	return out
}

func (s *peerSide) class(id endpoints.ID) int32 {
	if class, known := s.of[id]; known {
		return class
	}
	return s.rest
}
