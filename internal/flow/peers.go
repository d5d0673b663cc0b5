package flow

import (
	"hash/maphash"
	"iter"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// PeerSet has the peers of an opening, as positions in the list of a table. Openings with the same peers
// share one set, so that a set is a key of what is known of its peers. Nil: no peers.
type PeerSet struct {
	list []Peer
	at   []int32
}

// NewPeerSet returns a set of endpoints.
func NewPeerSet(all ...endpoints.Endpoint) *PeerSet {
	var s PeerSet
	for i, ep := range all {
		s.list, s.at = append(s.list, Peer{Endpoint: ep}), append(s.at, int32(i)) //nolint:gosec // Few endpoints.
	}
	return &s
}

// Len returns the number of peers.
func (s *PeerSet) Len() int {
	if s == nil {
		return 0
	}
	return len(s.at)
}

// All yields the peers in order. A peer with several cases occurs once for each. The endpoints must not be
// changed.
func (s *PeerSet) All() iter.Seq[*endpoints.Endpoint] {
	return func(yield func(*endpoints.Endpoint) bool) {
		if s == nil {
			return
		}
		for _, i := range s.at {
			if !yield(&s.list[i].Endpoint) {
				return
			}
		}
	}
}

// Endpoints returns the peers in order.
func (s *PeerSet) Endpoints() []endpoints.Endpoint {
	var out []endpoints.Endpoint
	for ep := range s.All() {
		out = append(out, *ep)
	}
	return out
}

func (s *PeerSet) contains(is func(*endpoints.Endpoint) bool) bool {
	for ep := range s.All() {
		if is(ep) {
			return true
		}
	}
	return false
}

// peerIndex finds the listed peers of a table, and keeps the sets of peers that openings have.
type peerIndex struct {
	list    []Peer
	byCase  map[CaseID][]int32
	byScope map[int][]int32
	// sets has the sets of each hash, and kept is the number of their peers.
	sets map[uint64][]*PeerSet
	kept int
}

func newPeerIndex(list []Peer) *peerIndex {
	x := &peerIndex{list: list, byCase: map[CaseID][]int32{}, byScope: map[int][]int32{}, sets: map[uint64][]*PeerSet{}}
	for i, p := range list {
		x.byCase[p.Case] = append(x.byCase[p.Case], int32(i))     //nolint:gosec // Endpoints have 32 bits.
		x.byScope[p.Scope] = append(x.byScope[p.Scope], int32(i)) //nolint:gosec // Endpoints have 32 bits.
	}
	return x
}

// peersOf returns the peers that a row may allow, in the order of openings: entities and pods that rules
// name by their cases, and else everything in the order of the list.
func (x *peerIndex) peersOf(row *Row) []int32 {
	var out []int32
	for id, list := range row.Cases {
		if allowsAny(row.Lists[list]) {
			out = append(out, x.byCase[id]...)
		}
	}
	wholeScopes := false
	for scope, list := range row.Scopes {
		if !allowsAny(row.Lists[list]) {
			continue
		}
		wholeScopes = true
		for _, i := range x.byScope[scope] {
			if _, named := row.Cases[x.list[i].Case]; !named {
				out = append(out, i)
			}
		}
	}
	if wholeScopes {
		slices.Sort(out)
	} else {
		slices.SortFunc(out, x.compareByCase)
	}
	return out
}

func (x *peerIndex) compareByCase(a, b int32) int {
	if c := int64(x.list[a].Case) - int64(x.list[b].Case); c != 0 {
		return int(c)
	}
	return int(a - b)
}

func allowsAny(list []Entry) bool {
	return slices.ContainsFunc(list, func(e Entry) bool { return !e.Deny })
}

var peerSeed = maphash.MakeSeed()

// set returns the one set with some peers.
func (x *peerIndex) set(at []int32) *PeerSet {
	if len(at) == 0 {
		return nil
	}
	var h maphash.Hash
	h.SetSeed(peerSeed)
	for _, i := range at {
		maphash.WriteComparable(&h, i)
	}
	sum := h.Sum64()
	for _, s := range x.sets[sum] {
		if slices.Equal(s.at, at) {
			return s
		}
	}
	s := &PeerSet{x.list, slices.Clone(at)}
	x.sets[sum] = append(x.sets[sum], s)
	x.kept += len(at)
	return s
}
