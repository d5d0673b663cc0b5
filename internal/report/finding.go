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

func (s Severity) order() int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// Finding states what is wrong or worth knowing, where it is, and what to do about it.
type Finding struct {
	// Check is the stable name of the rule that was broken, "fqdn-outside-limits".
	Check    *Check
	Severity Severity
	// Resource is the resource that is wrong.
	Resource Ref
	// Field is the path within it, "spec.egress[0].to[0].fqdns[1]".
	Field string
	// Line and Column are the position of the field, or of its nearest parent, in the file of the
	// resource. They count from 1. 0: unknown.
	Line, Column int
	// Message states what is wrong, and what to do.
	Message string
	// Details are lines that --verbose adds: the items that the message counts.
	Details []string
}

// Ref names a resource of the build and, where the host records it, its file.
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

// String is the line for users, without the details.
func (f Finding) String() string {
	var where []string
	for _, s := range []string{f.position(), f.Resource.String(), f.Field} {
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

// position is "tenants.yaml:12:7", or as much of it as is known.
func (f Finding) position() string {
	if f.Resource.File == "" || f.Line == 0 {
		return f.Resource.File
	}
	return fmt.Sprintf("%s:%d:%d", f.Resource.File, f.Line, f.Column)
}

// Equal reports whether two findings are the same.
func (f Finding) Equal(other Finding) bool {
	return f.compare(other) == 0 && f.Resource == other.Resource && f.Severity == other.Severity && f.Check == other.Check
}

// compare orders findings: by severity, then causes before consequences, then by resource.
func (f Finding) compare(other Finding) int {
	return cmp.Or(
		cmp.Compare(f.Severity.order(), other.Severity.order()),
		cmp.Compare(f.Check.group, other.Check.group),
		cmp.Compare(f.Resource.Kind, other.Resource.Kind),
		cmp.Compare(f.Resource.Namespace, other.Resource.Namespace),
		cmp.Compare(f.Resource.Name, other.Resource.Name),
		cmp.Compare(f.Resource.File, other.Resource.File),
		cmp.Compare(f.Field, other.Field),
		cmp.Compare(f.Check.Name, other.Check.Name),
		cmp.Compare(f.Message, other.Message),
		slices.Compare(f.Details, other.Details),
		cmp.Compare(f.Line, other.Line), cmp.Compare(f.Column, other.Column),
	)
}

// Findings is a list of findings.
type Findings []Finding

// HasError reports whether any of them stops the run.
func (fs Findings) HasError() bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Severity == Error })
}

// Contains reports whether a finding is among them.
func (fs Findings) Contains(f Finding) bool { return slices.ContainsFunc(fs, f.Equal) }

// Errors are the errors among them.
func (fs Findings) Errors() Findings {
	return slices.DeleteFunc(slices.Clone(fs), func(f Finding) bool { return f.Severity != Error })
}

// Sort orders findings and drops exact repetitions. Errors come first, then warnings. Within a
// severity causes come before consequences, and then the order is that of the resources.
func (fs Findings) Sort() Findings {
	out := slices.Clone(fs)
	slices.SortStableFunc(out, Finding.compare)
	return slices.CompactFunc(out, Finding.Equal)
}

// Counts are the numbers of findings of each severity.
type Counts map[Severity]int

// Counts counts findings.
func (fs Findings) Counts() Counts {
	out := Counts{}
	for _, f := range fs {
		out[f.Severity]++
	}
	return out
}

// Add adds other counts.
func (c Counts) Add(other Counts) {
	for s, n := range other {
		c[s] += n
	}
}

// String is "3 errors, 1 warning". Without errors and warnings it is empty.
func (c Counts) String() string {
	var parts []string
	for _, s := range []Severity{Error, Warning} {
		switch n := c[s]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+string(s))
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

// Reason is the field that declares a rule.
type Reason struct {
	// Kind and Name of the resource, "Tenant" and "acme".
	Kind, Name string
	// Field is its path, such as "spec.egress[llm]".
	Field string
}

func (r Reason) String() string { return r.Kind + "/" + r.Name + " " + r.Field }

// Child returns the reason for a field below.
func (r Reason) Child(field string) Reason {
	if r.Field != "" {
		field = r.Field + "." + field
	}
	return Reason{Kind: r.Kind, Name: r.Name, Field: field}
}
