package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// oneArgument accepts one argument: name, which is what.
func oneArgument(name, what, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%s is missing: name %s, as in: %s %s", name, what, cmd.CommandPath(), example)
		}
		return atMostOne(cmd, args)
	}
}

// atMostOne accepts no argument or one.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s accepts one argument, and these are %d: %s", cmd.Name(), len(args), strings.Join(args, " "))
	}
	return nil
}
