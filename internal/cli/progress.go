package cli

import (
	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/output"
)

// withProgress shows the progress of work on stderr. Other output of the work to stderr replaces the
// progress line.
func withProgress(cmd *cobra.Command, work func(*output.Progress) error) error {
	stderr := cmd.ErrOrStderr()
	p := output.StartProgress(output.TerminalOf(stderr))
	cmd.SetErr(p)
	defer func() {
		p.End()
		cmd.SetErr(stderr)
	}()
	return work(p)
}
