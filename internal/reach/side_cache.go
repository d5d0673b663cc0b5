package reach

import (
	"crypto/sha256"
	"fmt"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// sideCache are what policies allow at one side of pods, once for all pods at which they allow
// the same.
type sideCache struct {
	*search
	// byPod finds a side by its pod, and same by all that is allowed.
	byPod     map[string]*allowedSide
	byContent map[[sha256.Size]byte]*allowedSide
	// cachedPeers is how many peers they have.
	cachedPeers int
}

// allowedSide is what policies allow at one side, by classes of peers: peers in one class are
// in the same openings.
type allowedSide struct {
	classes      map[string]int
	allowEntries [][]allowEntry
}

func newSideCache(s *search) sideCache {
	return sideCache{search: s, byPod: map[string]*allowedSide{}, byContent: map[[sha256.Size]byte]*allowedSide{}}
}

// at is the side of a pod. Where no policy selects the endpoint, everything is allowed.
func (s *sideCache) at(ep endpoints.Endpoint, d flow.Direction) (*allowedSide, error) {
	if !ep.IsSelected() {
		return nil, nil
	}
	key := string(d) + " " + ep.Name
	if have := s.byPod[key]; have != nil {
		return have, nil
	}
	openings, err := s.openingsOf(ep, d)
	if err != nil {
		return nil, err
	}
	content := contentHash(openings)
	side := s.byContent[content]
	if side == nil {
		if s.cachedPeers += peersOf(openings); s.cachedPeers > maxCachedPeers {
			clear(s.byPod)
			clear(s.byContent)
			s.cachedPeers = peersOf(openings)
		}
		side = newAllowedSide(openings)
		s.byContent[content] = side
	}
	s.byPod[key] = side
	return side, nil
}

// contentHash is equal for equal openings.
func contentHash(openings []flow.Opening) [sha256.Size]byte {
	h := sha256.New()
	for _, o := range openings {
		h.Write(fmt.Appendf(nil, "%d %d %q %v %q %q %d\n", o.First, o.Last, o.Protocol, o.Partial, endpoints.JSONKey(o.L7), o.Policies, len(o.Peers)))
		for _, ep := range o.Peers {
			h.Write([]byte(ep.Name))
			h.Write([]byte{'\n'})
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// newAllowedSide puts peers in classes. What is open to a part of a peer's addresses is not
// open to the peer.
func newAllowedSide(openings []flow.Opening) *allowedSide {
	in := map[string][]byte{}
	var common []allowEntry
	all := make([]allowEntry, len(openings))
	for i, o := range openings {
		all[i] = allowEntry{portRange: portRange{o.Protocol, o.First, o.Last}, l7: o.L7}
		if isUnrestricted(o) {
			common = append(common, all[i])
		}
		if o.Partial {
			continue
		}
		for _, peer := range o.Peers {
			in[peer.Name] = fmt.Appendf(in[peer.Name], "%d ", i)
		}
	}
	// Class 0 is every peer that is in no opening.
	out := &allowedSide{classes: make(map[string]int, len(in)), allowEntries: [][]allowEntry{common}}
	ids := map[string]int{}
	for _, o := range openings {
		for _, peer := range o.Peers {
			key := string(in[peer.Name])
			id, known := ids[key]
			if !known && key != "" {
				id = len(out.allowEntries)
				ids[key] = id
				out.allowEntries = append(out.allowEntries, common)
			}
			out.classes[peer.Name] = id
		}
	}
	out.fill(openings, all)
	return out
}

// fill adds each opening to the classes of its peers.
func (a *allowedSide) fill(openings []flow.Opening, all []allowEntry) {
	for i, o := range openings {
		if o.Partial {
			continue
		}
		done := map[int]bool{}
		for _, peer := range o.Peers {
			if id := a.classes[peer.Name]; id != 0 && !done[id] {
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
	return a.classes[ep.Name]
}

// entriesFor are what is allowed to a class of peers.
func (a *allowedSide) entriesFor(class int) []allowEntry {
	if a == nil {
		return []allowEntry{{portRange: portRange{"", 1, 65535}}}
	}
	return a.allowEntries[class]
}
