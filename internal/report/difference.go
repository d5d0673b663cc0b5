package report

import (
	"github.com/tenantfence/tenantfence/internal/flow"
)

// DifferenceKind is how connections differ between two builds.
type DifferenceKind string

// The kinds of differences, in the order of reports.
const (
	// Opened connections are allowed by both sides in the new build alone.
	Opened DifferenceKind = "opened"
	// Closed connections are allowed by both sides in the old build alone.
	Closed DifferenceKind = "closed"
	// Changed connections are allowed in both builds, with other L7 rules or in other cases.
	Changed DifferenceKind = "changed"
	// OneSided traffic is newly allowed at one side, and the other side denies it.
	OneSided DifferenceKind = "one-sided"
)

// DifferenceKinds returns all kinds in their order.
func DifferenceKinds() []DifferenceKind {
	return []DifferenceKind{Opened, Closed, Changed, OneSided}
}

// PodChange states whether a pod is in one of two builds only, or in none.
type PodChange string

// The values of PodChange. Empty: the pod is in both builds, or the endpoint is no pod.
const (
	NewPod     PodChange = "new"
	RemovedPod PodChange = "removed"
	// LaterPod is a pod that is in none of the builds, and that policies distinguish.
	LaterPod PodChange = "later"
)

// Allowance is what policies allow on the ports of a difference, in one of two builds.
type Allowance struct {
	// Egress and Ingress are the policies of each side. Empty: nothing isolates the side.
	Egress, Ingress flow.Policies
	// L7 describes what the sides restrict the traffic to. Empty: nothing.
	L7 []string
	// Depends reports that a policy allows only some of what an endpoint may be, and Note which.
	Depends bool
	Note    string
	// DeclaredBy are the fields behind the policies, each once, sorted.
	DeclaredBy []string
}

// Difference has connections that differ alike between two builds.
type Difference struct {
	Kind  DifferenceKind
	Ports []flow.PortRange
	// Before and After are what the old and the new build allow. Nil: nothing. Of a OneSided difference,
	// After has the side that widens, and Before is nil.
	Before, After *Allowance
	// Side is the side that widens of a OneSided difference.
	Side flow.Direction
	// Wider reports that a Changed connection allows something that it did not, as far as is known.
	Wider bool
	// Source and Destination state whether these pods are new, removed or later.
	Source, Destination PodChange
	// Pairs are the sources and destinations, and Count is their number.
	Pairs []ConnectionPairs
	Count int
}

// Opens reports whether the new build allows connections that the old one denies.
func (d Difference) Opens() bool { return d.Kind == Opened || d.Kind == Changed && d.Wider }

// ConnectionPairs is every pair of one of the sources and one of the destinations.
type ConnectionPairs struct{ From, To []string }

// Diff has the differences between the connections of two builds.
type Diff struct {
	// Old and New name the builds, with the findings about each.
	Old, New    DiffSide
	Differences []Difference
}

// DiffSide is one of two builds.
type DiffSide struct {
	Name string
	// AsEnforced reports that every tenant counts as one in Enforce.
	AsEnforced bool
	// AllowOnly are the tenants and nodes in AllowOnly, where nothing is denied. AsEnforced: none.
	AllowOnly []string
	Findings  Findings
}

// Count counts the connections of a kind.
func (d Diff) Count(k DifferenceKind) int {
	n := 0
	for _, one := range d.Differences {
		if one.Kind == k {
			n += one.Count
		}
	}
	return n
}

// Has reports whether a difference is of a kind. A changed connection that allows more counts as opened,
// too.
func (d Diff) Has(k DifferenceKind) bool {
	for _, one := range d.Differences {
		if one.Kind == k || k == Opened && one.Opens() {
			return true
		}
	}
	return false
}
