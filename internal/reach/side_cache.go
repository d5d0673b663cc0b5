package reach

import (
	"fmt"

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
// in the same openings.
type allowedSide struct {
	set          *endpoints.Set
	classes      map[endpoints.ID]int
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
		s.byFirst[first] = newAllowedSide(s.View.Set, openings)
	}
	return s.byFirst[first], nil
}

// newAllowedSide puts peers in classes. What is open to a part of a peer's addresses is not
// open to the peer.
func newAllowedSide(set *endpoints.Set, openings []flow.Opening) *allowedSide {
	in := map[endpoints.ID][]byte{}
	var common []flow.Traffic
	all := make([]flow.Traffic, len(openings))
	for i, o := range openings {
		all[i] = flow.Traffic{Ports: o.Ports, L7: o.L7}
		if o.Unrestricted() {
			common = append(common, all[i])
		}
		if o.Partial {
			continue
		}
		for _, peer := range o.Peers {
			in[peer.ID] = fmt.Appendf(in[peer.ID], "%d ", i)
		}
	}
	// Class 0 is every peer that is in no opening.
	out := &allowedSide{set: set, classes: make(map[endpoints.ID]int, len(in)), allowEntries: [][]flow.Traffic{common}}
	ids := map[string]int{}
	for _, o := range openings {
		for _, peer := range o.Peers {
			key := string(in[peer.ID])
			id, known := ids[key]
			if !known && key != "" {
				id = len(out.allowEntries)
				ids[key] = id
				out.allowEntries = append(out.allowEntries, common)
			}
			out.classes[peer.ID] = id
		}
	}
	out.fill(openings, all)
	return out
}

// fill adds each opening to the classes of its peers.
func (a *allowedSide) fill(openings []flow.Opening, all []flow.Traffic) {
	for i, o := range openings {
		if o.Partial {
			continue
		}
		done := map[int]bool{}
		for _, peer := range o.Peers {
			if id := a.classes[peer.ID]; id != 0 && !done[id] {
				done[id] = true
				a.allowEntries[id] = append(a.allowEntries[id][:len(a.allowEntries[id]):len(a.allowEntries[id])], all[i])
			}
		}
	}
}

// class is that of a peer.
func (a *allowedSide) class(ep endpoints.Endpoint) int {
	if a == nil {
		return 0
	}
	id, _ := a.set.Find(ep)
	return a.classes[id]
}

// entriesFor are what is allowed to a class of peers.
func (a *allowedSide) entriesFor(class int) []flow.Traffic {
	if a == nil {
		return []flow.Traffic{{Ports: flow.AllPorts("")}}
	}
	return a.allowEntries[class]
}
