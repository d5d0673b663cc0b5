package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/strict"
)

func newChecks() *cobra.Command {
	return &cobra.Command{
		Use:   "checks [NAME]",
		Short: "List the checks that findings report on, or explain one",
		Long: `List the checks that findings report on, with the severities that each can have.

With a NAME, explain this check: what it means and what to do. Each finding
has its NAME in brackets, as the last word.`,
		Example: `  tenantfence checks
  tenantfence checks fqdn-outside-limits`,
		Args: atMostOneArgument,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return checkNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return output.Checks(cmd.OutOrStdout(), report.Checks())
			}
			c := report.Find(args[0])
			if c == nil {
				return fmt.Errorf("unknown check %q: %s", args[0], checkHint(args[0]))
			}
			return output.Check(cmd.OutOrStdout(), c)
		},
	}
}

func checkNames() []string {
	var names []string
	for _, c := range report.Checks() {
		names = append(names, c.Name)
	}
	return names
}

// checkHint returns the fix for the name of a check that does not exist.
func checkHint(name string) string {
	if near := strict.Nearest(name, checkNames()); near != "" {
		return "did you mean " + near + "?"
	}
	return "tenantfence checks lists all checks"
}
