package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Check is a rule that findings report on. Each stands once in this package, as a variable,
// and is compared by its pointer.
type Check struct {
	// Name is what users see and filter by, "fqdn-outside-limits".
	Name string
	// Severities are those that a finding of this check may have, the strictest first.
	Severities []Severity
	// Title is the rule in a few words.
	Title string
	// Meaning states what a finding of this check says about the cluster, and why it matters.
	Meaning string
	// Fix states what to do about it.
	Fix string
	// Latent reports that nothing has an effect yet, so that other findings come first.
	Latent bool
	// Example is the golden case that produces it, "refused/limits", or empty with a Reason.
	Example string
	// Untested states why no golden case produces it: the command or host that does.
	Untested string
}

func (c *Check) String() string { return c.Name }

// rank orders checks in one severity.
func (c *Check) rank() int {
	if c.Latent {
		return 1
	}
	return 0
}

// SeverityList is "error, warning".
func (c *Check) SeverityList() string {
	var names []string
	for _, s := range c.Severities {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// catalogue is filled by define, which variables call when the program starts.
var catalogue []*Check

func define(c Check) *Check {
	catalogue = append(catalogue, &c)
	return &c
}

// Checks are all checks, sorted by name.
func Checks() []*Check {
	return slices.SortedFunc(slices.Values(catalogue), func(a, b *Check) int { return cmp.Compare(a.Name, b.Name) })
}

// Find returns the check of a name, nil where there is none.
func Find(name string) *Check {
	for _, c := range catalogue {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// New returns a finding. The resource and the field may be empty. The severity is one of the
// check's.
func New(c *Check, severity Severity, resource Ref, field, format string, args ...any) Finding {
	return Finding{Check: c, Severity: severity, Resource: resource, Field: field, Message: fmt.Sprintf(format, args...)}
}
