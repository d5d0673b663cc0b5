package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tenantfence/tenantfence/internal/strict"
)

// choice is a flag with a fixed set of values.
type choice struct {
	flag, value string
	values      []string
}

// addChoice adds a flag with a fixed set of values, which shells complete. The first is the default.
func addChoice(cmd *cobra.Command, name, shorthand, usage string, values ...string) *choice {
	c := &choice{flag: name, values: values}
	cmd.Flags().StringVarP(&c.value, name, shorthand, values[0], usage)
	complete(cmd, name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// addFormat adds the flag --output, which is the format of the output in every command.
func addFormat(cmd *cobra.Command, usage string, values ...string) *choice {
	return addChoice(cmd, "output", "o", usage, values...)
}

// complete completes the values of a flag.
func complete(cmd *cobra.Command, flag string, values cobra.CompletionFunc) {
	// It never fails for a flag that exists.
	_ = cmd.RegisterFlagCompletionFunc(flag, values)
}

// check refuses a value that is not one of the set.
func (c *choice) check() error {
	if slices.Contains(c.values, c.value) {
		return nil
	}
	return fmt.Errorf("--%s %q: %s", c.flag, c.value, c.fix())
}

func (c *choice) fix() string {
	var quoted []string
	for _, v := range c.values {
		quoted = append(quoted, fmt.Sprintf("%q", v))
	}
	fix := "use " + strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
	if near := strict.Nearest(c.value, c.values); near != "" {
		fix = fmt.Sprintf("did you mean %q? ", near) + fix
	}
	return fix
}

// flagError adds the nearest flag to the error about one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	unknown, ok := err.(*pflag.NotExistError) //nolint:errorlint // pflag returns it as it is
	if !ok {
		return fmt.Errorf("%w: %s --help lists the flags", err, cmd.CommandPath())
	}
	name := unknown.GetSpecifiedName()
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := strict.Nearest(name, names); near != "" {
		return fmt.Errorf("unknown flag --%s: did you mean --%s?", name, near)
	}
	return fmt.Errorf("%w: %s --help lists the flags", err, cmd.CommandPath())
}
