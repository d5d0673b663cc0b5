package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Check is a rule that findings report on. Each check is one variable of this package. Checks are
// compared by pointer.
type Check struct {
	// Name is the stable name in findings, such as "fqdn-outside-limits".
	Name string
	// Severities are the possible severities of its findings, the strictest first.
	Severities []Severity
	// Title states the problem in a few words.
	Title string
	// Meaning describes what a finding means for the cluster, and why it matters.
	Meaning string
	// Fix describes how to resolve it.
	Fix string
	// Example is a golden case that produces it, such as "refused/limits". Omitted: Untested is set.
	Example string
	// Untested describes why no golden case produces it, and names the test that does.
	Untested string
	// group is its position in a report.
	group group
}

func (c *Check) String() string { return c.Name }

// SeverityList is "error, warning".
func (c *Check) SeverityList() string {
	var names []string
	for _, s := range c.Severities {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// catalogue has all checks. The variables of this package add themselves through define.
var catalogue []*Check

func define(c Check) *Check {
	catalogue = append(catalogue, &c)
	return &c
}

// Checks returns all checks, sorted by name.
func Checks() []*Check {
	return slices.SortedFunc(slices.Values(catalogue), func(a, b *Check) int { return cmp.Compare(a.Name, b.Name) })
}

// Find returns the check with a name, or nil.
func Find(name string) *Check {
	for _, c := range catalogue {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// New returns a finding. The resource and the field may be empty. The severity must be one of the
// check's severities.
func New(c *Check, severity Severity, resource Ref, field, format string, args ...any) Finding {
	return Finding{Check: c, Severity: severity, Resource: resource, Field: field, Message: fmt.Sprintf(format, args...)}
}

// group orders checks in a report, within a severity.
type group int

const (
	// unreadableInput is a mistake after which a part of the input is unknown.
	unreadableInput group = iota - 1
	_                     // causes, the zero value
	// disagreement is a flow that one tenant declares, and the other does not. A mistake in the flow of
	// the other causes it.
	disagreement
	// exposure is a result of the proof: what is allowed and must not be, and the reverse.
	exposure
	// consequence follows from a cause or an exposure.
	consequence
	// oneSided is a flow that the other side denies.
	oneSided
	// assumption is a condition under which the outcome is true.
	assumption
	// outcome is the last line of a build.
	outcome
)
