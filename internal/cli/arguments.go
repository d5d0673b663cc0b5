package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// requireArgument requires the one argument of a command, which its usage line names.
func requireArgument(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("an argument is missing: write %s", cmd.UseLine())
	}
	return atMostOneArgument(cmd, args)
}

// atMostOneArgument refuses more arguments than the one that the usage line of a command names.
func atMostOneArgument(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%d arguments (%s) are too many: write %s", len(args), strings.Join(args, " "), cmd.UseLine())
	}
	return nil
}

// noArguments refuses arguments.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument: remove %s", cmd.CommandPath(), strings.Join(args, " "))
	}
	return nil
}
