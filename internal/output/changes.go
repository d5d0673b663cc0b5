package output

import (
	"fmt"
	"io"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Changes writes the counts of changes after a title. Verbose, a line for each created, configured or
// deleted resource comes first.
func Changes(w io.Writer, title string, changes report.Changes, detail Detail) error {
	if detail == Quiet {
		return nil
	}
	if detail == Verbose {
		for _, c := range changes.Effective() {
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
