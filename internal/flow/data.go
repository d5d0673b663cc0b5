package flow

import (
	"errors"
	"fmt"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// Data is a view as plain data: its endpoints and all rows of its tables. It can be written to JSON, and a
// view of what was read answers every question in the same way. So another machine, or a program with
// another release of the enforcer, can compile.
type Data struct {
	Set   *endpoints.Set
	Table *TableData
	// WithoutDenies is the table without deny rules. Nil: the policies have none.
	WithoutDenies *TableData `json:",omitempty"`
}

// TableData is a Table as plain data.
type TableData struct {
	Ends         []EndData
	AllPeers     []Peer
	AllCells     []Cell
	AllProtocols []v1alpha1.Protocol
	Classes      map[string]RowsData
}

// EndData is what a table has of one endpoint.
type EndData struct {
	Cases []Case `json:",omitempty"`
	Class string `json:",omitempty"`
	// Undecided is why flows from or to it are not decided, and NoClass why it has no rows. Omitted: they
	// are, and it has.
	Undecided, NoClass string `json:",omitempty"`
	// Egress and Ingress are the policies that select it.
	Egress, Ingress Policies `json:",omitempty"`
}

// RowsData are the rows of a class.
type RowsData struct {
	Rows
	// Conflict is why the policies cannot be merged, and Undecided another reason for no rows.
	Conflict, Undecided string `json:",omitempty"`
}

// Data compiles every row of a view.
func (v *View) Data() *Data {
	out := &Data{Set: v.Set, Table: v.data(v.table)}
	if v.withoutDenies != nil {
		out.WithoutDenies = v.data(v.withoutDenies)
	}
	return out
}

func (v *View) data(t Table) *TableData {
	out := &TableData{AllPeers: t.Peers(), AllCells: t.Cells(), AllProtocols: t.Protocols(), Classes: map[string]RowsData{}}
	for _, ep := range v.Set.Endpoints {
		id := ep.ID
		cases, err := t.Cases(id)
		end := EndData{Cases: cases, Undecided: text(err), Egress: t.Selecting(id, Egress), Ingress: t.Selecting(id, Ingress)}
		end.Class, err = t.Class(id)
		end.NoClass = text(err)
		if _, done := out.Classes[end.Class]; err == nil && !done {
			rows, err := t.At(id)
			data := RowsData{Rows: rows}
			if conflict := new(ConflictError); errors.As(err, conflict) {
				data.Conflict = conflict.Err.Error()
			} else {
				data.Undecided = text(err)
			}
			out.Classes[end.Class] = data
		}
		out.Ends = append(out.Ends, end)
	}
	return out
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func toError(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

// View returns a view of data that was read. It returns an error if the data does not fit together.
func (d *Data) View() (*View, error) {
	for _, t := range []*TableData{d.Table, d.WithoutDenies} {
		if d.Set == nil || d.Table == nil || t != nil && len(t.Ends) != len(d.Set.Endpoints) {
			return nil, fmt.Errorf("the table has other endpoints than the set")
		}
	}
	d.Set.Index()
	if d.WithoutDenies == nil {
		return NewView(d.Set, d.Table, nil), nil
	}
	return NewView(d.Set, d.Table, d.WithoutDenies), nil
}

// Cases implements Table.
func (t *TableData) Cases(id endpoints.ID) ([]Case, error) {
	return t.Ends[id-1].Cases, toError(t.Ends[id-1].Undecided)
}

// Class implements Table.
func (t *TableData) Class(id endpoints.ID) (string, error) {
	return t.Ends[id-1].Class, toError(t.Ends[id-1].NoClass)
}

// Selecting implements Table.
func (t *TableData) Selecting(id endpoints.ID, d Direction) Policies {
	if d == Ingress {
		return t.Ends[id-1].Ingress
	}
	return t.Ends[id-1].Egress
}

// At implements Table.
func (t *TableData) At(id endpoints.ID) (Rows, error) {
	rows, ok := t.Classes[t.Ends[id-1].Class]
	switch {
	case !ok:
		return Rows{}, fmt.Errorf("%w: the table has no rows for it", ErrUnknownEndpoint)
	case rows.Conflict != "":
		return Rows{}, ConflictError{Err: errors.New(rows.Conflict)}
	}
	return rows.Rows, toError(rows.Undecided)
}

// Peers implements Table.
func (t *TableData) Peers() []Peer { return t.AllPeers }

// Cells implements Table.
func (t *TableData) Cells() []Cell { return t.AllCells }

// Protocols implements Table.
func (t *TableData) Protocols() []v1alpha1.Protocol { return t.AllProtocols }
