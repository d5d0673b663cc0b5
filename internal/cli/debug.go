package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/generate"
)

// debugFlag makes every command report its steps.
const debugFlag = "debug"

// debugger writes each step of a run with its duration. Without --debug it is nil.
func debugger(cmd *cobra.Command) generate.Debug {
	if !isSet(cmd, debugFlag) {
		return nil
	}
	start := time.Now()
	return func(step, result string) {
		now := time.Now()
		cmd.PrintErrf("debug: %s in %s: %s\n", step, now.Sub(start).Round(time.Millisecond), result)
		start = now
	}
}
