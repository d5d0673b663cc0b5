package output

import (
	"fmt"
	"io"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Changes writes the sum of what was done, behind a title, and, where each is wanted,
// a line for each change before it.
func Changes(w io.Writer, title string, changes report.Changes, detail Detail) error {
	if detail == Lines {
		for _, c := range changes {
			if _, err := fmt.Fprintln(w, c); err != nil {
				return fmt.Errorf("write changes: %w", err)
			}
		}
	}
	if _, err := fmt.Fprintf(w, "%s: %s\n", title, changes.Summary()); err != nil {
		return fmt.Errorf("write changes: %w", err)
	}
	return nil
}

// Detail is how much is written.
type Detail string

// The details.
const (
	Summary Detail = "sum"
	Lines   Detail = "lines"
)
