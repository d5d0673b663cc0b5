package flowtest

import (
	"fmt"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Policies are a program that distinguishes nothing and has given rows at the endpoints that policies
// can select.
type Policies func(*endpoints.Set, endpoints.Endpoint, flow.Direction) (flow.Row, error)

// Openings returns policies that have given openings at each endpoint.
func Openings(at func(endpoints.Endpoint, flow.Direction) flow.Openings) Policies {
	return func(set *endpoints.Set, ep endpoints.Endpoint, d flow.Direction) (flow.Row, error) {
		all := at(ep, d)
		row := flow.Row{Isolated: all.Isolate(), Cases: map[flow.CaseID]int{}}
		for _, o := range all {
			for peer := range o.Peers.All() {
				id, _ := set.Find(*peer)
				list, known := row.Cases[flow.CaseID(id)]
				if !known {
					list = len(row.Lists)
					row.Cases[flow.CaseID(id)] = list
					row.Lists = append(row.Lists, nil)
				}
				row.Lists[list] = append(row.Lists[list], flow.Entry{Ports: o.Ports, L7: o.L7, Policies: o.Policies})
			}
		}
		return row, nil
	}
}

// Entries returns policies that have one entry at each endpoint, for every peer and port.
func Entries(at func(endpoints.Endpoint, flow.Direction) (flow.Entry, error)) Policies {
	return func(_ *endpoints.Set, ep endpoints.Endpoint, d flow.Direction) (flow.Row, error) {
		e, err := at(ep, d)
		e.Ports = flow.AllPorts("")
		return flow.Row{Isolated: true, Lists: [][]flow.Entry{{e}}, Scopes: map[int]int{0: 0}}, err
	}
}

// Selections returns nothing.
func (Policies) Selections() endpoints.Selections { return endpoints.Selections{} }

// HasDenies returns false.
func (Policies) HasDenies() bool { return false }

// Compile returns a table in which each endpoint is one case.
func (p Policies) Compile(set *endpoints.Set, _ flow.Denies) (flow.Table, error) {
	return table{set, p}, nil
}

type table struct {
	set *endpoints.Set
	row Policies
}

func (t table) Cases(id endpoints.ID) ([]flow.Case, error) {
	return []flow.Case{{ID: flow.CaseID(id)}}, nil
}

func (t table) Peers() []flow.Peer {
	var out []flow.Peer
	for _, ep := range t.set.Known() {
		out = append(out, flow.Peer{Endpoint: ep, Case: flow.CaseID(ep.ID)})
	}
	return out
}

func (table) Cells() []flow.Cell { return nil }

func (table) Protocols() []v1alpha1.Protocol { return flow.Protocols() }

func (table) Class(id endpoints.ID) (string, error) { return fmt.Sprint(id), nil }

func (table) Selecting(endpoints.ID, flow.Direction) flow.Policies { return nil }

func (t table) At(id endpoints.ID) (rows flow.Rows, err error) {
	for _, d := range flow.Directions() {
		row := flow.Row{NotEnforced: true}
		if ep := t.set.Of(id); ep.IsSelected() {
			if row, err = t.row(t.set, ep, d); err != nil {
				return rows, err
			}
		}
		*rows.Of(d) = row
	}
	return rows, nil
}
