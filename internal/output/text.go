// Package output writes what was found and done, one file a format.
package output

import (
	"fmt"
	"io"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Text writes findings for a person, each on its own line.
func Text(w io.Writer, findings report.Findings) error {
	for _, f := range findings {
		if _, err := fmt.Fprintln(w, f); err != nil {
			return fmt.Errorf("write findings: %w", err)
		}
	}
	return nil
}
