package output

import (
	"fmt"
	"io"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Changes writes the counts of changes after a title. Verbose, a line for each created, configured or
// deleted resource comes first.
func Changes(w io.Writer, title string, changes report.Changes, detail Detail) error {
	if detail == Quiet {
		return nil
	}
	var lines strings.Builder
	if detail == Verbose {
		for _, c := range changes.Effective() {
			fmt.Fprintln(&lines, c)
		}
	}
	if _, err := fmt.Fprintf(w, "%s%s: %s\n", &lines, title, changes.Summary()); err != nil {
		return fmt.Errorf("write changes: %w", err)
	}
	return nil
}
