package output

import (
	"fmt"
	"io"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Checks writes the catalogue as a table: one row for each check.
func Checks(w io.Writer, checks []*report.Check) error {
	rows := grid{{"CHECK", "SEVERITY", "TITLE"}}
	for _, c := range checks {
		rows = append(rows, []string{c.Name, c.SeverityList(), c.Title})
	}
	return rows.write(w, widthOf(w))
}

// Check writes one check in full.
func Check(w io.Writer, c *report.Check) error {
	lines := []string{c.Name + " (" + c.SeverityList() + ")", c.Title, "", c.Meaning, "", "What to do: " + c.Fix}
	if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("write check: %w", err)
	}
	return nil
}
