package flow

import (
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// Table is what a set of policies decides at each endpoint that they select. It is plain data that an
// engine compiles when it is asked for, and a question changes nothing in it.
type Table interface {
	// Cases returns what an endpoint may be to the policies of the other side. It returns an error if
	// flows from or to the endpoint cannot be decided.
	Cases(endpoints.ID) ([]Case, error)
	// Peers returns the endpoints that openings list, in order.
	Peers() []Peer
	// Cells returns the parts of the address space that policies distinguish. Empty: addresses have
	// cases of their own.
	Cells() []Cell
	// Protocols returns the protocols that the enforcer forwards.
	Protocols() []v1alpha1.Protocol
	// Class is equal for endpoints that have the same rows.
	Class(endpoints.ID) (string, error)
	// Selecting returns the policies that select an endpoint in a direction, sorted. A policy without a rule
	// in the direction is none, unless it denies by default there.
	Selecting(endpoints.ID, Direction) Policies
	// At returns what the policies at an endpoint decide. It returns a ConflictError if they cannot be
	// merged.
	At(endpoints.ID) (Rows, error)
}

// CaseID identifies one thing that an endpoint may be to the policies of the other side.
type CaseID uint32

// Case is one thing that an endpoint may be to the policies of the other side: a Cilium identity, or
// some addresses. A flow has one decision only if all cases agree.
type Case struct {
	ID CaseID
	// Scope has the entries of the case where a row has none for the case itself.
	Scope int `json:",omitempty"`
	// Cells are the addresses that it may have. Nil: entries do not depend on addresses.
	Cells []int
	// When distinguishes the case from the endpoint's others in a note: "over IPv4".
	When string `json:",omitempty"`
	// Where states what is known of its address, and Note is part of every verdict.
	Where, Note string `json:",omitempty"`
	// OwnNode reports that it is the node on which the other endpoint runs. A pod always
	// allows it, so other nodes decide.
	OwnNode bool `json:",omitempty"`
	// UnknownPod reports that it is a pod, and only its address is known.
	UnknownPod bool `json:",omitempty"`
	// Name is the DNS name of the endpoint, and Unresolved the case of its address before a DNS
	// answer links the two. Omitted: the endpoint is no name.
	Name       string `json:",omitempty"`
	Unresolved *Case  `json:",omitempty"`
	// Undecided is why flows from pods to it are not decided. Omitted: they are.
	Undecided string `json:",omitempty"`
}

// Peer is an endpoint that openings list, with its entities.
type Peer struct {
	endpoints.Endpoint
	Case  CaseID
	Scope int `json:",omitempty"`
	Cells []int
}

// Rows are what the policies at one endpoint decide.
type Rows struct {
	Egress, Ingress Row
	// Size is the number of entries in the enforcer's own map. 0: it has none.
	Size int `json:",omitempty"`
}

// Of returns the row of a direction.
func (r *Rows) Of(d Direction) *Row {
	if d == Ingress {
		return &r.Ingress
	}
	return &r.Egress
}

// Row is what the policies at one endpoint decide in one direction. Entries of one case are disjoint
// and final: deny rules, priorities and tiers are resolved.
type Row struct {
	// NotEnforced reports that no policy of this cluster applies to the endpoint.
	NotEnforced bool `json:",omitempty"`
	// Isolated reports that something is denied.
	Isolated bool `json:",omitempty"`
	// Lists are lists of entries. Cases finds the list of a case, and Scopes that of all other cases
	// of a scope. Without a list, and on ports that no entry has, nothing is allowed.
	Lists  [][]Entry
	Cases  map[CaseID]int `json:",omitempty"`
	Scopes map[int]int    `json:",omitempty"`
	// Lookups are the names and patterns that the endpoint may query through the DNS proxy.
	Lookups []string `json:",omitempty"`
}

// Entry is what policies decide on a range of ports.
type Entry struct {
	Ports PortRange
	// Cells are the addresses that the entry is about. Nil: every address.
	Cells []int
	// Deny reports that the traffic is denied, and Maybe that it depends on what is unknown.
	// Otherwise it is allowed.
	Deny, Maybe bool `json:",omitempty"`
	// Own reports that the enforcer itself allows the traffic, whatever policies decide. It is no opening.
	Own bool `json:",omitempty"`
	L7  L7
	// Policies are those that decide, sorted. Empty: the enforcer's own rule, or none.
	Policies Policies `json:",omitempty"`
	// Note explains the decision.
	Note string `json:",omitempty"`
}

// Equal reports whether two entries decide alike.
func (e Entry) Equal(o Entry) bool {
	return e.Ports == o.Ports && e.Deny == o.Deny && e.Maybe == o.Maybe && e.Own == o.Own && e.Note == o.Note &&
		slices.Equal(e.Cells, o.Cells) && slices.Equal(e.Policies, o.Policies) && e.L7.Equal(o.L7)
}

// entries returns the list of a case.
func (r *Row) entries(id CaseID, scope int) []Entry {
	if i, ok := r.listOf(id, scope); ok {
		return r.Lists[i]
	}
	return nil
}

// decidesAlike reports whether one case of an endpoint represents all of them: a row has one list for all, and
// nothing else distinguishes them but the text for a difference.
func (r *Row) decidesAlike(peers []Case) bool {
	if len(peers) < 2 {
		return false
	}
	first := peers[0]
	list, ok := r.listOf(first.ID, first.Scope)
	return !slices.ContainsFunc(peers, func(c Case) bool {
		other, also := r.listOf(c.ID, c.Scope)
		return other != list || also != ok || c.Cells != nil || c.Unresolved != nil || c.OwnNode != first.OwnNode || c.UnknownPod != first.UnknownPod || c.Note != first.Note
	})
}

func (r *Row) listOf(id CaseID, scope int) (int, bool) {
	if i, ok := r.Cases[id]; ok {
		return i, true
	}
	i, ok := r.Scopes[scope]
	return i, ok
}
