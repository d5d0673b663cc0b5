package flow

import "github.com/tenantfence/tenantfence/internal/endpoints"

// Program is a set of policies, parsed once.
type Program interface {
	// Selections returns what the policies distinguish.
	Selections() endpoints.Selections
	// HasDenies reports whether a policy has deny rules.
	HasDenies() bool
	// Compile compiles the policies for a complete set of endpoints.
	Compile(*endpoints.Set, Denies) (Table, error)
}

// Denies states whether deny rules are compiled.
type Denies bool

// The values of Denies.
const (
	WithDenies    Denies = true
	WithoutDenies Denies = false
)

// Compile returns a view of a program and a set of endpoints.
func Compile(p Program, set *endpoints.Set) (*View, error) {
	table, err := p.Compile(set, WithDenies)
	if err != nil {
		return nil, err
	}
	if !p.HasDenies() || set.Listed == set.Deployed {
		return NewView(set, table, nil), nil
	}
	withoutDenies, err := p.Compile(set, WithoutDenies)
	if err != nil {
		return nil, err
	}
	return NewView(set, table, withoutDenies), nil
}
