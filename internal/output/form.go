package output

import (
	"io"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Form is a form of the report of verify. The file of each form declares it.
type Form struct {
	// Name is the value of the flag. Help states what the form has.
	Name, Help string
	// Rank orders the forms. That of rank 0 is the default.
	Rank int
	// ListsAccess reports whether the form has what policies allow at each pod.
	ListsAccess bool
	Write       func(io.Writer, report.Report, Detail) error
}

var forms []Form

func declare(f Form) {
	forms = append(forms, f)
	slices.SortFunc(forms, func(a, b Form) int { return a.Rank - b.Rank })
}

// Forms returns all forms in their order.
func Forms() []Form { return slices.Clone(forms) }
