package cli

import (
	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/output"
)

// withProgress does work that may take long, and shows on stderr how far it is. What the
// work itself writes there stands by itself.
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
