package reach

import (
	"crypto/sha256"
	"fmt"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// sides are what policies allow at one side of pods, once for all pods at which they allow
// the same.
type sides struct {
	*search
	// of finds a side by its pod, and same by all that is allowed.
	of   map[string]*allowedSide
	same map[[sha256.Size]byte]*allowedSide
	// remembered is how many peers they have.
	remembered int
}

// allowedSide is what policies allow at one side, by classes of peers: peers in one class are
// in the same openings.
type allowedSide struct {
	classes  map[string]int
	passages [][]passage
}

func newSides(s *search) sides {
	return sides{search: s, of: map[string]*allowedSide{}, same: map[[sha256.Size]byte]*allowedSide{}}
}

// at is the side of a pod. Where no policy selects the endpoint, everything is allowed.
func (s *sides) at(ep policy.Endpoint, d policy.Direction) (*allowedSide, error) {
	if !ep.Selected() {
		return nil, nil
	}
	key := string(d) + " " + ep.Name
	if have := s.of[key]; have != nil {
		return have, nil
	}
	openings, err := s.openingsOf(ep, d)
	if err != nil {
		return nil, err
	}
	content := contentOf(openings)
	side := s.same[content]
	if side == nil {
		if s.remembered += peersOf(openings); s.remembered > mostRemembered {
			clear(s.of)
			clear(s.same)
			s.remembered = peersOf(openings)
		}
		side = newAllowedSide(openings)
		s.same[content] = side
	}
	s.of[key] = side
	return side, nil
}

// contentOf is equal for equal openings.
func contentOf(openings []policy.Opening) [sha256.Size]byte {
	h := sha256.New()
	for _, o := range openings {
		h.Write(fmt.Appendf(nil, "%d %d %q %v %q %q %d\n", o.First, o.Last, o.Protocol, o.Partial, policy.Key(o.L7), o.By, len(o.Peers)))
		for _, ep := range o.Peers {
			h.Write([]byte(ep.Name))
			h.Write([]byte{'\n'})
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// newAllowedSide puts peers in classes. What is open to a part of a peer's addresses is not
// open to the peer.
func newAllowedSide(openings []policy.Opening) *allowedSide {
	in := map[string][]byte{}
	var common []passage
	all := make([]passage, len(openings))
	for i, o := range openings {
		all[i] = passage{ports: ports{o.Protocol, o.First, o.Last}, l7: o.L7}
		if everything(o) {
			common = append(common, all[i])
		}
		if o.Partial {
			continue
		}
		for _, peer := range o.Peers {
			in[peer.Name] = fmt.Appendf(in[peer.Name], "%d ", i)
		}
	}
	// Class 0 is everybody who is in no opening.
	out := &allowedSide{classes: make(map[string]int, len(in)), passages: [][]passage{common}}
	ids := map[string]int{}
	for _, o := range openings {
		for _, peer := range o.Peers {
			key := string(in[peer.Name])
			id, known := ids[key]
			if !known && key != "" {
				id = len(out.passages)
				ids[key] = id
				out.passages = append(out.passages, common)
			}
			out.classes[peer.Name] = id
		}
	}
	out.fill(openings, all)
	return out
}

// fill adds each opening to the classes of its peers.
func (a *allowedSide) fill(openings []policy.Opening, all []passage) {
	for i, o := range openings {
		if o.Partial {
			continue
		}
		done := map[int]bool{}
		for _, peer := range o.Peers {
			if id := a.classes[peer.Name]; id != 0 && !done[id] {
				done[id] = true
				a.passages[id] = append(a.passages[id][:len(a.passages[id]):len(a.passages[id])], all[i])
			}
		}
	}
}

// class is that of a peer.
func (a *allowedSide) class(ep policy.Endpoint) int {
	if a == nil {
		return 0
	}
	return a.classes[ep.Name]
}

// to are what is allowed to a class of peers.
func (a *allowedSide) to(class int) []passage {
	if a == nil {
		return []passage{{ports: ports{"", 1, 65535}}}
	}
	return a.passages[class]
}
