package flow

import (
	"fmt"
	"slices"
	"sync"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// View answers questions about the endpoints of a set under a table. It is safe for concurrent use.
type View struct {
	Set   *endpoints.Set
	table Table
	// withoutDenies is the table of the same policies without deny rules. Nil: they have none.
	withoutDenies Table

	mu      sync.Mutex
	cached  map[rowKey]*cachedRows
	entries int
	// sizes are those of the enforcer's own maps.
	sizes map[rowKey]int
	// classes are those of endpoints. Nil: not known yet.
	classes, classesWithoutDenies []*string
	// openingsOf are the openings of classes, and peers has their peers.
	openingsOf map[openingsKey]Openings
	peers      *peerIndex
}

// rowKey identifies the rows of a class of endpoints.
type rowKey struct {
	denies Denies
	class  string
}

// cachedRows are rows with their lookups, prepared for many matches.
type cachedRows struct {
	Rows
	lookups Patterns
}

// Largest is the endpoint with the most entries in the enforcer's own map of policies.
type Largest struct {
	Name    string
	Entries int
}

// Max returns the larger one. Of two of one size, it is the first by name.
func (l Largest) Max(other Largest) Largest {
	if other.Entries > l.Entries || other.Entries == l.Entries && l.Entries > 0 && other.Name < l.Name {
		return other
	}
	return l
}

// NewView returns a view. A deny rule may match a representative pod, but not a pod that is created
// later. So representative pods are listed without deny rules, if withoutDenies is set.
func NewView(set *endpoints.Set, table, withoutDenies Table) *View {
	return &View{peers: newPeerIndex(table.Peers()), Set: set, table: table, withoutDenies: withoutDenies, cached: map[rowKey]*cachedRows{}, openingsOf: map[openingsKey]Openings{}, sizes: map[rowKey]int{}}
}

// Table returns the table with all rules.
func (v *View) Table() Table { return v.table }

// Lists reports whether openings list an endpoint.
func (v *View) Lists(ep endpoints.Endpoint) bool {
	id, ok := v.Set.Find(ep)
	return ok && slices.ContainsFunc(v.table.Peers(), func(p Peer) bool { return p.ID == id })
}

// maxCached is the number of entries of rows that a view keeps. Others are compiled again.
const maxCached = 4_000_000

// casesPerEntry is the number of cases that need the memory of one entry.
const casesPerEntry = 8

// rowsAt returns the rows of an endpoint, compiled once for each class.
func (v *View) rowsAt(id endpoints.ID, denies Denies) (*cachedRows, error) {
	class, err := v.classOf(id, denies)
	if err != nil {
		return nil, err
	}
	key := rowKey{denies, class}
	v.mu.Lock()
	have := v.cached[key]
	v.mu.Unlock()
	if have != nil {
		return have, nil
	}
	compiled, err := v.tableOf(denies).At(id)
	if err != nil {
		return nil, err
	}
	rows := &cachedRows{compiled, NewPatterns(compiled.Egress.Lookups)}
	v.mu.Lock()
	defer v.mu.Unlock()
	if have := v.cached[key]; have != nil {
		return have, nil
	}
	if v.entries += rows.size(); v.entries > maxCached {
		clear(v.cached)
		v.entries = rows.size()
	}
	v.cached[key], v.sizes[key] = rows, rows.Size
	return rows, nil
}

func (v *View) tableOf(denies Denies) Table {
	if denies == WithoutDenies {
		return v.withoutDenies
	}
	return v.table
}

// classOf returns the class of an endpoint, found once.
func (v *View) classOf(id endpoints.ID, denies Denies) (string, error) {
	if have := v.knownClass(id, denies); have != nil {
		return *have, nil
	}
	class, err := v.tableOf(denies).Class(id)
	if err == nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		(*v.classesOf(denies))[id-1] = &class
	}
	return class, err
}

func (v *View) knownClass(id endpoints.ID, denies Denies) *string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return (*v.classesOf(denies))[id-1]
}

func (v *View) classesOf(denies Denies) *[]*string {
	classes := &v.classes
	if denies == WithoutDenies {
		classes = &v.classesWithoutDenies
	}
	if *classes == nil {
		*classes = make([]*string, len(v.Set.Endpoints))
	}
	return classes
}

func (r *Rows) size() int {
	n := 0
	for _, row := range []*Row{&r.Egress, &r.Ingress} {
		n += len(row.Cases) / casesPerEntry
		for _, list := range row.Lists {
			n += len(list)
		}
	}
	return n
}

// SizeAt returns the number of entries in the enforcer's own map of policies at an endpoint. 0: it has none.
func (v *View) SizeAt(ep endpoints.Endpoint) (int, error) {
	id, err := v.find(ep)
	if err != nil {
		return 0, err
	}
	class, err := v.classOf(id, WithDenies)
	if err != nil {
		return 0, err
	}
	v.mu.Lock()
	size, known := v.sizes[rowKey{WithDenies, class}]
	v.mu.Unlock()
	if known {
		return size, nil
	}
	rows, err := v.rowsAt(id, WithDenies)
	if err != nil {
		return 0, err
	}
	return rows.Size, nil
}

// Identities returns the number of identities that the pods of the build have. 0: the enforcer has none.
func (v *View) Identities() int {
	distinct := map[CaseID]bool{}
	for _, p := range v.table.Peers() {
		if p.Kind == endpoints.PodEndpoint && !p.Representative && p.Cluster == "" && p.Cells == nil {
			distinct[p.Case] = true
		}
	}
	return len(distinct)
}

// find returns the position of an endpoint.
func (v *View) find(ep endpoints.Endpoint) (endpoints.ID, error) {
	id, ok := v.Set.Find(ep)
	if !ok {
		return 0, fmt.Errorf("%w: %q", ErrUnknownEndpoint, ep.Name)
	}
	return id, nil
}
