package flow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// ErrUnknownEndpoint reports that policies were not compiled for an endpoint.
var ErrUnknownEndpoint = errors.New("policies were not compiled for the endpoint")

// Decide decides one flow, or returns an error. It never guesses.
func (v *View) Decide(f Flow) (Verdict, error) {
	out, err := v.decide(f)
	if err != nil {
		return Verdict{}, fmt.Errorf("%s: %w", f, err)
	}
	return out, nil
}

func (v *View) decide(f Flow) (Verdict, error) {
	out := Verdict{Egress: Side{Decision: NotEnforced}, Ingress: Side{Decision: NotEnforced}}
	if f.From.Kind == endpoints.NameEndpoint {
		return out, errors.New("a DNS name cannot be the source of a flow: policies match names only as destinations")
	}
	from, fromCases, err := v.casesOf(f.From, f.To)
	if err != nil {
		return out, err
	}
	to, toCases, err := v.casesOf(f.To, f.From)
	if err != nil {
		return out, err
	}
	if i := slices.IndexFunc(toCases, func(c Case) bool { return c.Undecided != "" }); i >= 0 && f.From.Kind == endpoints.PodEndpoint {
		return out, errors.New(toCases[i].Undecided)
	}
	asked, err := v.requestedPorts(f)
	if err != nil {
		return out, err
	}
	var notes [2]string
	for i, s := range []struct {
		side       *Side
		at         endpoints.ID
		own, peers []Case
		direction  Direction
	}{{&out.Egress, from, fromCases, toCases, Egress}, {&out.Ingress, to, toCases, fromCases, Ingress}} {
		if *s.side, notes[i], err = v.decideSide(s.at, s.own, s.peers, asked, f, s.direction); err != nil {
			return out, fmt.Errorf("%s of %s: %w", s.direction, v.Set.Of(s.at).Name, err)
		}
	}
	out.Note = joinNotes(notes[:])
	return out, nil
}

// casesOf returns what an endpoint may be to the policies of another one. Traffic of a node to itself
// is not a flow, so two nodes are different ones.
func (v *View) casesOf(ep, other endpoints.Endpoint) (endpoints.ID, []Case, error) {
	id, err := v.find(ep)
	if err != nil {
		return id, nil, err
	}
	cases, err := v.table.Cases(id)
	if ep.Kind == endpoints.NodeEndpoint && other.Kind == endpoints.NodeEndpoint {
		cases = slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.OwnNode })
	}
	return id, cases, err
}

// requestedPorts returns the ports of a flow. It omits protocols that the enforcer does not forward,
// unless the flow names one.
func (v *View) requestedPorts(f Flow) ([]PortRange, error) {
	asked, err := f.PortRanges()
	if len(asked) > 1 {
		asked = slices.DeleteFunc(asked, func(r PortRange) bool { return !slices.Contains(v.table.Protocols(), r.Protocol) })
	}
	return asked, err
}

// instance is one case of a flow on one side: one case of the peer, and a range of ports with the
// same entries.
type instance struct {
	peer  *Case
	ports PortRange
	side  Side
	note  string
}

// decideSide decides one side of a flow: whether the policies at an endpoint allow the peer, on each of
// the flow's ports.
func (v *View) decideSide(at endpoints.ID, own, peers []Case, asked []PortRange, f Flow, d Direction) (Side, string, error) {
	if i := slices.IndexFunc(own, func(c Case) bool { return c.UnknownPod }); i >= 0 {
		return Side{Decision: Depends}, own[i].Note, nil
	}
	rows, err := v.rowsAt(at, WithDenies)
	if err != nil {
		return Side{}, "", err
	}
	row := rows.Of(d)
	if row.NotEnforced {
		return Side{Decision: NotEnforced}, "", nil
	}
	all, err := v.instances(rows, row, peers, asked, f)
	if err != nil {
		return Side{}, "", err
	}
	isPod := v.Set.Of(at).Kind == endpoints.PodEndpoint
	// The enforcer allows a pod's own node, so the other nodes decide.
	decisive := slices.DeleteFunc(slices.Clone(all), func(i instance) bool {
		return isPod && d == Ingress && i.peer.OwnNode && i.side.Decision == Allowed
	})
	if len(decisive) == 0 {
		decisive = all
	}
	side, note := combine(decisive)
	return side, joinNotes(append([]string{note}, notesOf(all)...)), nil
}

// instances decides each case of the peer on each range of ports.
func (v *View) instances(rows *cachedRows, row *Row, peers []Case, asked []PortRange, f Flow) (all []instance, err error) {
	if row.decidesAlike(peers) {
		peers = peers[:1]
	}
	for i := range peers {
		peer := &peers[i]
		list := row.entries(peer.ID, peer.Scope)
		if !row.Isolated && len(row.Lists) == 0 {
			list = []Entry{{Ports: AllPorts("")}}
		}
		for _, ports := range splitRanges(asked, list) {
			one := instance{peer: peer, ports: ports}
			if one.side, one.note, err = v.decideInstance(rows, row, list, one, f); err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

func notesOf(all []instance) []string {
	var out []string
	for _, i := range all {
		out = append(out, i.note)
	}
	return out
}

// splitRanges cuts ranges where entries begin or end.
func splitRanges(asked []PortRange, list []Entry) []PortRange {
	var bounds, out []PortRange
	for _, e := range list {
		bounds = append(bounds, e.Ports)
	}
	for _, a := range asked {
		out = append(out, a.Split(bounds)...)
	}
	return out
}

// decideInstance decides one case on ports with the same entries. A flow to a name is allowed by a rule
// for the name only if the endpoint may query the name, so that agents learn its addresses.
func (v *View) decideInstance(rows *cachedRows, row *Row, list []Entry, i instance, f Flow) (Side, string, error) {
	side, note, err := narrowToRequest(v.sideFor(list, i), f)
	note = joinNotes([]string{i.peer.Note, note})
	if i.peer.Unresolved == nil || side.Decision != Allowed || err != nil {
		return side, note, err
	}
	unresolved := i
	unresolved.peer = i.peer.Unresolved
	byAddress, _, unknown := narrowToRequest(v.sideFor(row.entries(unresolved.peer.ID, unresolved.peer.Scope), unresolved), f)
	mayLookUp := rows.lookups.Cover(i.peer.Name)
	switch {
	case unknown == nil && byAddress.Decision == Allowed:
		// A policy that allows the address itself does not depend on DNS.
		return byAddress, "", nil
	case mayLookUp:
		return side, "", nil
	case unknown != nil:
		return side, "", unknown
	}
	return Side{Decision: Denied}, fmt.Sprintf("the name is never resolved through the DNS proxy: %s would allow %s, but no DNS rule allows the pod to query it over UDP",
		side.Policies, strings.TrimSuffix(i.peer.Name, ".")), nil
}

// sideFor returns what the entries of a case decide, with their note.
func (v *View) sideFor(list []Entry, i instance) noted {
	var at []Entry
	for _, e := range list {
		if e.Ports.Includes(i.ports) && (e.Cells == nil || i.peer.Cells == nil || len(commonCells(e.Cells, i.peer.Cells)) > 0) {
			at = append(at, e)
		}
	}
	switch {
	case len(at) == 0:
		return noted{Side: Side{Decision: Denied}}
	case len(at) == 1 && containsCells(at[0].Cells, i.peer.Cells):
		return at[0].side()
	}
	return v.sideOfCells(at, i.peer)
}

// noted is a side with a note.
type noted struct {
	Side
	note string
}

func (e Entry) side() noted {
	out := noted{Side{Decision: Allowed, Policies: slices.Clone(e.Policies), L7: e.L7}, e.Note}
	switch {
	case e.Deny:
		out.Decision, out.L7 = Denied, L7{}
	case e.Maybe:
		out.Decision = Depends
	}
	return out
}

// sideOfCells returns what entries for parts of the addresses of a case decide together.
func (v *View) sideOfCells(at []Entry, peer *Case) noted {
	var allowed []int
	var policies []Policies
	var notes []string
	own := false
	for _, e := range at {
		cells := commonCells(e.Cells, peer.Cells)
		if !e.Deny && !e.Maybe {
			allowed = append(allowed, cells...)
		}
		own = own || e.Own
		policies = append(policies, e.Policies)
		notes = append(notes, e.Note)
	}
	slices.Sort(allowed)
	out := noted{Side{Decision: Depends, Policies: slices.Concat(policies...).Sorted()}, joinNotes(notes)}
	switch whole := len(allowed) == len(peer.Cells); {
	case whole && own:
		out.Decision, out.Policies = Allowed, nil
	case whole:
		out.Decision = Allowed
		if everywhere := inAll(policies); len(everywhere) > 0 {
			out.Policies = everywhere
		}
	case len(out.Policies) == 0:
		out.Decision = Denied
	case len(allowed) > 0:
		out.note = joinNotes([]string{out.note, fmt.Sprintf("its address %s: what passes is %s", peer.Where, formatCells(v.table.Cells(), allowed))})
	}
	return out
}
