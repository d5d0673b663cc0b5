package output

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Checks writes the catalogue as a table: one line for each check.
func Checks(w io.Writer, checks []*report.Check) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(table, "CHECK\tSEVERITY\tTITLE")
	for _, c := range checks {
		if err == nil {
			_, err = fmt.Fprintf(table, "%s\t%s\t%s\n", c.Name, c.SeverityList(), c.Title)
		}
	}
	if err == nil {
		err = table.Flush()
	}
	if err != nil {
		return fmt.Errorf("write checks: %w", err)
	}
	return nil
}

// Check writes one check in full.
func Check(w io.Writer, c *report.Check) error {
	lines := []string{c.Name + " (" + c.SeverityList() + ")", c.Title, "", c.Meaning, "", "What to do: " + c.Fix}
	if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("write check: %w", err)
	}
	return nil
}
