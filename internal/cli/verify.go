package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// verifyFlags are the flags as they were given.
type verifyFlags struct {
	inputs, fence, format string
}

func newVerify() *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [DIR | FILE... | -] [--inputs DIR]",
		Short: "Verify finished policies before anything is applied",
		Long: `Verify that finished policies do what was meant, before anything is applied: that they
are those that the function generates, none missing, changed, moved or left over; that
every flow of every FlowTest is as expected; that every flow a Tenant or the profile
declares works; and that nothing else is open on a fenced pod. Hand-written policies
count as much as generated ones.

What is verified is
  DIR    a kustomization, which is built with its fence as tenantfence build does; or
         a folder without one, of which every YAML file is read: a kpt package, or
         what tenantfence render wrote. Omitted, it is the current folder.
  FILE   YAML files.
  -      what is piped in, as from kustomize build.

What was meant is told by Tenants and their FenceProfile. A rendered build no longer
holds them, so --inputs says where they are: a kustomization with a fence, or a kpt
package. A kustomization that is verified as DIR, and a kpt package, hold them
themselves. Without Tenants the labels of the policies tell what to isolate, and no more.

-o json has holds, flowTests, isolation, policies and findings; a flow in it has from,
to, port, protocol, the decision of each side with the policies that decided (by), and
the fields that asked for them (for). -o junit has a test suite for each FlowTest, and
one, policies, with a test for each check.

The exit status is 0 where nothing is wrong, 1 where a flow is not as expected or a
finding is an error, and 2 where the arguments or the input cannot be read, or nothing
says what was meant.`,
		Example: `  kustomize build --enable-alpha-plugins --enable-exec deploy | tenantfence verify --inputs deploy -
  tenantfence verify kustomization-examples/soctalk
  tenantfence verify rendered --inputs kustomization-examples/soctalk
  tenantfence verify kustomization-examples/kpt -o junit > report.xml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return verify(cmd, args, flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.inputs, "inputs", "", "the folder that tells what was meant: a kustomization with its fence, or a kpt package")
	f.StringVar(&flags.fence, "fence", "", "the name of the fence to verify, where there are several")
	f.StringVarP(&flags.format, "output", "o", "text", `what to print: "text", "json" or "junit"`)
	return cmd
}

func verify(cmd *cobra.Command, args []string, flags verifyFlags) error {
	write, err := reportFormat(flags.format, detail(cmd))
	if err != nil {
		return err
	}
	var report policy.Report
	err = watched(cmd, func(p *output.Progress) error {
		v, err := gather(cmd, p, args, flags.inputs)
		if err != nil {
			return err
		}
		v.Fence, v.Progress = flags.fence, p.Tell
		report, err = fn.Verify(v)
		return err
	})
	if err != nil {
		return err
	}
	if err := write(cmd.OutOrStdout(), report); err != nil {
		return err
	}
	if !report.Holds() {
		return errFindings
	}
	return nil
}

func reportFormat(name string, each output.Detail) (func(io.Writer, policy.Report) error, error) {
	switch name {
	case "text":
		return func(w io.Writer, r policy.Report) error { return output.Report(w, r, each) }, nil
	case "json":
		return output.JSON, nil
	case "junit":
		return output.JUnit, nil
	}
	return nil, fmt.Errorf(`--output %q: say "text", "json" or "junit"`, name)
}

// gather reads what is to be verified, and what was meant.
func gather(cmd *cobra.Command, p *output.Progress, args []string, inputs string) (fn.Verification, error) {
	var v fn.Verification
	if len(args) == 0 {
		args = []string{"."}
	}
	switch stdin := slices.Contains(args, "-"); {
	case stdin && len(args) > 1:
		return v, fmt.Errorf("%s: name files, or - alone, which is what is piped in", strings.Join(args, " "))
	case stdin:
		p.Tell("reading what is piped in", 0, 0)
		items, err := readStream(cmd.InOrStdin())
		if err != nil {
			return v, err
		}
		v.Items = items
	default:
		g, err := gatherFiles(cmd, p, args, inputs)
		if err != nil {
			return v, err
		}
		v.Items, v.Runs = g.items, g.runs
	}
	if len(v.Items) == 0 {
		return v, fmt.Errorf("%s: there is no resource to verify: did what writes it fail?", shownArgs(args))
	}
	if inputs == "" {
		return v, nil
	}
	runs, err := gatherInputs(cmd, p, inputs)
	v.Runs = runs
	return v, err
}

func shownArgs(args []string) string {
	if args[0] == "-" {
		return "the input"
	}
	return strings.Join(args, " ")
}
