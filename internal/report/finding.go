// Package report holds what a run reports: findings, each of a check of the catalogue, and changes.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity of a Finding.
type Severity string

// The severities. An Error stops the run: nothing is changed.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Finding is something that is wrong, or that must be said: what, where and what
// to do about it.
type Finding struct {
	// Check is the stable name of the rule that was broken, "fqdn-outside-limits".
	Check    *Check
	Severity Severity
	// Resource is the resource that is wrong.
	Resource Ref
	// Field is the path within it, "spec.egress[0].to[0].fqdns[1]".
	Field string
	// Message says what is wrong, and what to do.
	Message string
	// Details list what the message counts, one line each. The one-line text omits them.
	Details []string
}

// Same reports whether two findings have the same text.
func (f Finding) Same(other Finding) bool {
	return f.Check == other.Check && f.Severity == other.Severity && f.Resource == other.Resource && f.Field == other.Field && f.Message == other.Message
}

// Ref names a resource of the build and, where the host tells it, its file.
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

// String is the one line that a person reads.
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

// HasError says whether any of them stops the run.
func (fs Findings) HasError() bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Severity == Error })
}

// Sort orders them, errors first, then by resource and field, and drops repetitions. In each
// severity, findings of latent checks come last.
func (fs Findings) Sort() Findings {
	rank := map[Severity]int{Error: 0, Warning: 1, Info: 2}
	out := slices.Clone(fs)
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank[a.Severity], rank[b.Severity]),
			cmp.Compare(a.Check.rank(), b.Check.rank()),
			cmp.Compare(a.Resource.Kind, b.Resource.Kind),
			cmp.Compare(a.Resource.Namespace, b.Resource.Namespace),
			cmp.Compare(a.Resource.Name, b.Resource.Name),
			cmp.Compare(a.Resource.File, b.Resource.File),
			cmp.Compare(a.Field, b.Field),
			cmp.Compare(a.Check.Name, b.Check.Name),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(out, Finding.Same)
}
