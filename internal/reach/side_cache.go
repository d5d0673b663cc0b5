package reach

import (
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// sideCache are what policies allow at one side of pods, once for all pods with the same openings.
type sideCache struct {
	*search
	// byFirst finds a side by the first of its openings, which pods of a class share.
	byFirst map[*flow.Opening]*allowedSide
}

// allowedSide is what policies allow at one side, by classes of peers: peers in one class are
// in the same openings. Class 0 is every peer that is in no opening.
type allowedSide struct {
	classes      map[endpoints.ID]int32
	allowEntries [][]flow.Traffic
}

func newSideCache(s *search) sideCache {
	return sideCache{search: s, byFirst: map[*flow.Opening]*allowedSide{}}
}

// at is the side of a pod. Where no policy selects the endpoint, everything is allowed.
func (s *sideCache) at(ep endpoints.Endpoint, d flow.Direction) (*allowedSide, error) {
	if !ep.IsSelected() {
		return nil, nil
	}
	openings, err := s.View.Openings(ep, d)
	if err != nil {
		return nil, err
	}
	var first *flow.Opening
	if len(openings) > 0 {
		first = &openings[0]
	}
	if s.byFirst[first] == nil {
		s.byFirst[first] = newAllowedSide(openings)
	}
	return s.byFirst[first], nil
}

// newAllowedSide puts peers in classes. What is open to a part of a peer's addresses is not
// open to the peer.
func newAllowedSide(openings []flow.Opening) *allowedSide {
	var common []flow.Traffic
	for _, o := range openings {
		if o.Unrestricted() {
			common = append(common, flow.Traffic{Ports: o.Ports, L7: o.L7})
		}
	}
	out := &allowedSide{classes: map[endpoints.ID]int32{}, allowEntries: [][]flow.Traffic{common}}
	for _, o := range openings {
		if !o.Partial {
			out.split(o)
		}
	}
	return out
}

// split moves the peers of an opening from each class to one that has the opening, too.
func (a *allowedSide) split(o flow.Opening) {
	added := int32(len(a.allowEntries)) //nolint:gosec // Classes are fewer than endpoints.
	with := map[int32]int32{}
	for peer := range o.Peers.All() {
		class := a.classes[peer.ID]
		if class >= added {
			// It is a further case of a peer.
			continue
		}
		more, known := with[class]
		if !known {
			more = int32(len(a.allowEntries)) //nolint:gosec // Classes are fewer than endpoints.
			with[class] = more
			a.allowEntries = append(a.allowEntries, append(slices.Clone(a.allowEntries[class]), flow.Traffic{Ports: o.Ports, L7: o.L7}))
		}
		a.classes[peer.ID] = more
	}
}

// class is that of a peer.
func (a *allowedSide) class(id endpoints.ID) int32 {
	if a == nil {
		return 0
	}
	return a.classes[id]
}

// entriesFor are what is allowed to a class of peers.
func (a *allowedSide) entriesFor(class int32) []flow.Traffic {
	if a == nil {
		return []flow.Traffic{{Ports: flow.AllPorts("")}}
	}
	return a.allowEntries[class]
}
