package flow

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// Opening is a part of what the policies at one pod or node allow in one direction.
type Opening struct {
	// Peers are the endpoints on the other side.
	Peers *PeerSet
	// Ports are the allowed ports: of the pod or, for egress, of the peer.
	Ports PortRange
	// Partial reports that a policy matches only some of the addresses that the peers may have.
	Partial bool
	// L7 is the allowed part of the traffic. The zero value is all of it.
	L7 L7
	// Policies are those that allow the traffic, sorted. Empty: nothing isolates the pod in this
	// direction.
	Policies Policies
}

// Openings lists what the policies at a pod or node allow in one direction, to every listed endpoint,
// in a stable order. If nothing isolates the pod, the result is one opening without policies and peers.
// What the enforcer itself allows is no opening.
//
// A pod is a peer of a network that has a part of its possible addresses.
func (v *View) Openings(subject endpoints.Endpoint, d Direction) (Openings, error) {
	id, key, err := v.keyOf(subject, d)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", d, subject.Name, err)
	}
	v.mu.Lock()
	have, known := v.openingsOf[key]
	v.mu.Unlock()
	if known {
		return have, nil
	}
	out, err := v.listOpenings(id, key)
	if err == nil {
		v.store(key, out)
	}
	return out, err
}

// openingsKey identifies the openings of a class of endpoints.
type openingsKey struct {
	class          string
	direction      Direction
	representative bool
}

// keyOf identifies the openings of an endpoint. Endpoints of a class have the same ones, if both or none are
// representative.
func (v *View) keyOf(subject endpoints.Endpoint, d Direction) (endpoints.ID, openingsKey, error) {
	id, err := v.find(subject)
	if err != nil {
		return 0, openingsKey{}, err
	}
	class, err := v.classOf(id, WithDenies)
	return id, openingsKey{class, d, subject.Representative && v.withoutDenies != nil}, err
}

// maxPeers is the number of peers in the openings that a view keeps. Others are listed again.
const maxPeers = 20_000_000

func (v *View) store(key openingsKey, all Openings) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.openingsOf[key] = all
	if v.peers.kept > maxPeers {
		clear(v.openingsOf)
		clear(v.peers.sets)
		v.peers.kept = 0
	}
}

func (v *View) listOpenings(id endpoints.ID, key openingsKey) (Openings, error) {
	all := func(*endpoints.Endpoint) bool { return true }
	switch {
	case key.representative:
		return v.openings(id, key.direction, WithoutDenies, all)
	case v.withoutDenies == nil:
		return v.openings(id, key.direction, WithDenies, all)
	}
	out, err := v.openings(id, key.direction, WithDenies, func(ep *endpoints.Endpoint) bool { return !ep.Representative })
	if err != nil || !out.Isolate() {
		return out, err
	}
	more, err := v.openings(id, key.direction, WithoutDenies, func(ep *endpoints.Endpoint) bool { return ep.Representative })
	for _, o := range more {
		if o.Peers.Len() > 0 {
			out = append(out, o)
		}
	}
	return sortOpenings(out), err
}

func (v *View) openings(id endpoints.ID, d Direction, denies Denies, match func(*endpoints.Endpoint) bool) (Openings, error) {
	rows, err := v.rowsAt(id, denies)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", d, v.Set.Of(id).Name, err)
	}
	row := rows.Of(d)
	if !row.Isolated {
		return Openings{{Ports: AllPorts("")}}, nil
	}
	o := openingCollector{row: row, table: v.table, byList: map[int][]int{}, byPorts: map[PortRange][]int{}}
	for _, i := range v.peers.peersOf(row) {
		if p := &v.peers.list[i]; match(&p.Endpoint) {
			o.add(p, i)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, at := range o.peers {
		o.out[i].Peers = v.peers.set(at)
	}
	return sortOpenings(o.out), nil
}

// openingCollector collects the openings of one endpoint in one direction.
type openingCollector struct {
	row   *Row
	table Table
	// byList has the openings of each list whose entries do not depend on addresses.
	byList map[int][]int
	out    Openings
	// peers are the positions of the peers of each opening.
	peers [][]int32
	// byPorts has the openings of each range.
	byPorts map[PortRange][]int
}

// add adds a peer with its position.
func (o *openingCollector) add(p *Peer, at int32) {
	list, ok := o.row.listOf(p.Case, p.Scope)
	if !ok {
		return
	}
	openings, known := o.byList[list]
	if !known {
		byAddress := slices.ContainsFunc(o.row.Lists[list], func(e Entry) bool { return e.Cells != nil })
		for _, a := range o.allowed(o.row.Lists[list], p.Cells) {
			openings = append(openings, o.openingOf(a))
		}
		if !byAddress {
			o.byList[list] = openings
		}
	}
	for _, i := range openings {
		o.peers[i] = append(o.peers[i], at)
	}
}

func (o *openingCollector) openingOf(a Opening) int {
	for _, i := range o.byPorts[a.Ports] {
		if o.out[i].Partial == a.Partial && o.out[i].sameExceptPorts(a) {
			return i
		}
	}
	o.byPorts[a.Ports] = append(o.byPorts[a.Ports], len(o.out))
	o.out, o.peers = append(o.out, a), append(o.peers, nil)
	return len(o.out) - 1
}

// allowed returns what entries allow to a peer with some addresses. Policies that allow a part of
// these are listed one by one: each may allow another part.
func (o *openingCollector) allowed(list []Entry, cells []int) []Opening {
	var whole []Opening
	partial := map[PolicyID][]Opening{}
	for _, ports := range distinctRanges(list) {
		full, some := allowedAt(list, ports, cells)
		if full != nil {
			whole = append(whole, *full)
		}
		for _, p := range some {
			partial[p] = append(partial[p], Opening{Ports: ports, Policies: Policies{p}, Partial: true})
		}
	}
	protocols := len(o.table.Protocols())
	out := mergeOpenings(whole, protocols)
	for _, p := range slices.SortedFunc(maps.Keys(partial), PolicyID.Compare) {
		out = append(out, mergeOpenings(partial[p], protocols)...)
	}
	return out
}

// distinctRanges returns the ranges of entries, each once, in order.
func distinctRanges(list []Entry) []PortRange {
	var out []PortRange
	for _, e := range list {
		if n := len(out); n == 0 || out[n-1] != e.Ports {
			out = append(out, e.Ports)
		}
	}
	return out
}

// allowedAt returns what the entries of one range allow at all of some addresses, and the policies that
// allow a part of them.
func allowedAt(list []Entry, ports PortRange, cells []int) (full *Opening, partial Policies) {
	left := slices.Clone(cells)
	var policies []Policies
	for _, e := range list {
		if e.Ports != ports || e.Deny || e.Maybe || e.Own {
			continue
		}
		if e.Cells == nil {
			return &Opening{Ports: ports, L7: e.L7, Policies: e.Policies}, nil
		}
		common := commonCells(e.Cells, cells)
		if len(common) == 0 {
			continue
		}
		left = slices.DeleteFunc(left, func(c int) bool { return hasCell(common, c) })
		policies = append(policies, e.Policies)
	}
	if everywhere := inAll(policies); len(left) == 0 && len(everywhere) > 0 {
		return &Opening{Ports: ports, Policies: everywhere}, nil
	}
	return nil, slices.Concat(policies...).Sorted()
}

func (o Opening) sameExceptPorts(p Opening) bool {
	return slices.Equal(o.Policies, p.Policies) && o.L7.Equal(p.L7)
}

// mergeOpenings merges adjacent ranges, and all protocols if they are equal on every port. protocols is
// the number of protocols that the enforcer forwards.
func mergeOpenings(all []Opening, protocols int) []Opening {
	var out []Opening
	for _, a := range all {
		if n := len(out) - 1; n >= 0 && out[n].Ports.Protocol == a.Ports.Protocol && out[n].Ports.Last+1 == a.Ports.First && out[n].sameExceptPorts(a) {
			out[n].Ports.Last = a.Ports.Last
			continue
		}
		out = append(out, a)
	}
	if len(out) == 0 || len(out) < protocols || slices.ContainsFunc(out, func(a Opening) bool { return !a.Ports.IsAllPorts() || !a.sameExceptPorts(out[0]) }) {
		return out
	}
	out[0].Ports = AllPorts("")
	return out[:1]
}

func sortOpenings(out Openings) Openings {
	protocols := Protocols()
	rank := func(p v1alpha1.Protocol) int { return slices.Index(protocols, p) }
	slices.SortFunc(out, func(a, b Opening) int {
		return cmp.Or(cmp.Compare(rank(a.Ports.Protocol), rank(b.Ports.Protocol)), cmp.Compare(a.Ports.First, b.Ports.First), cmp.Compare(a.Ports.Last, b.Ports.Last),
			a.Policies.Compare(b.Policies), cmp.Compare(a.L7.String(), b.L7.String()),
			a.L7.ShadowedBy.Compare(b.L7.ShadowedBy), compareBool(a.Partial, b.Partial))
	})
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
