// Package report has the results of a run: findings, each of a check of the catalogue, and changes.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity is the severity of a Finding.
type Severity string

// The severities. After an Error, the run changes nothing.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Finding is a problem or a notice: what is wrong, where it is, and how to resolve it.
type Finding struct {
	// Check is the rule that it reports on.
	Check    *Check
	Severity Severity
	// Resource is the resource to which it applies.
	Resource Ref
	// Field is the path within the resource, such as "spec.egress[0].to[0].fqdns[1]".
	Field string
	// Message describes the problem and the fix.
	Message string
}

// Ref identifies a resource of the build and, if it is known, its file.
type Ref struct {
	APIVersion, Kind, Namespace, Name string
	// File is relative to the host's root. Index is the document within it.
	File  string
	Index int
}

func (r Ref) String() string {
	s := r.Kind
	if r.Name != "" {
		s += "/" + r.Name
	}
	if r.Namespace != "" {
		s = r.Namespace + ": " + s
	}
	return strings.TrimSpace(s)
}

// String is the finding on one line.
func (f Finding) String() string {
	var where []string
	for _, s := range []string{f.Resource.File, f.Resource.String(), f.Field} {
		if s != "" {
			where = append(where, s)
		}
	}
	msg := strings.ReplaceAll(f.Message, "\n", " ")
	if len(where) == 0 {
		return fmt.Sprintf("%s: %s [%s]", f.Severity, msg, f.Check.Name)
	}
	return fmt.Sprintf("%s: %s: %s [%s]", f.Severity, strings.Join(where, ": "), msg, f.Check.Name)
}

// Findings is a list of findings.
type Findings []Finding

// HasError reports whether any finding is an error.
func (fs Findings) HasError() bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Severity == Error })
}

// Sort orders findings by severity, resource and field, and removes duplicates.
func (fs Findings) Sort() Findings {
	rank := map[Severity]int{Error: 0, Warning: 1, Info: 2}
	out := slices.Clone(fs)
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank[a.Severity], rank[b.Severity]),
			cmp.Compare(a.Resource.Kind, b.Resource.Kind),
			cmp.Compare(a.Resource.Namespace, b.Resource.Namespace),
			cmp.Compare(a.Resource.Name, b.Resource.Name),
			cmp.Compare(a.Resource.File, b.Resource.File),
			cmp.Compare(a.Field, b.Field),
			cmp.Compare(a.Check.Name, b.Check.Name),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(out)
}
