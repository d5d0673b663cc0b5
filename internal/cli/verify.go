package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/position"
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
		Long: `Verify that finished policies do what Tenants and the profile declare, before anything
is applied: that they are those that the function generates, none missing, changed,
moved or left over; that every flow of every FlowTest is as expected; that every flow a
Tenant or the profile declares is allowed; and that nothing else is open on a fenced
pod. Hand-written policies count as much as generated ones.

What is verified is
  DIR    a kustomization, which is built with its fence as tenantfence build does; or
         a folder without one, of which every YAML and JSON file is read: a kpt
         package, or what tenantfence render wrote. Omitted, it is the current folder.
  FILE   YAML or JSON files.
  -      what is piped in, as from kustomize build. Standard input is read only for -.

The intent is declared by Tenants and their FenceProfile. A rendered build no longer
holds them, so --inputs names them: a kustomization with a fence, or a kpt package.
--inputs needs a target. A kustomization that is verified as DIR, and a kpt package,
hold them themselves. Hand-written policies in --inputs count, too, where the target is
files, which need not hold them.

The last line of the report begins with the outcome, which is the exit status, too:
  verified                    0  With Tenants: every policy is as generated, all stages
                                 are here, isolation was proved, and FlowTests hold.
                                 Without: FlowTests hold, and isolation is not verified.
  not verified                1  A flow is not as expected, a finding is an error, or
                                 something was not proved: the line names it.
  nothing to verify against   2  There is neither a Tenant nor a FlowTest. What the
                                 labels of policies show is reported, and proves nothing.
The exit status is 2 also where the arguments or the input cannot be read. What is in
AllowOnly is counted apart: it is isolated once it is enforced.

-o json has outcome, passed, reasons, flowTests, isolation, policies and findings; a flow
in it has from, to, port, protocol, the decision of each side with the policies that
decided (policies), and the fields that declared it (declaredBy). -o junit has a test suite for
each FlowTest, and one, policies, with the outcome as a property and a test, verified,
and a test for each check.`,
		Example: `  kustomize build --enable-alpha-plugins --enable-exec deploy | tenantfence verify --inputs deploy -
  tenantfence verify kustomization-examples/soctalk
  tenantfence verify rendered --inputs kustomization-examples/soctalk
  tenantfence verify kustomization-examples/kpt -o junit > report.xml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return verify(cmd, args, flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.inputs, "inputs", "", "the folder that declares the intent: a kustomization with its fence, or a kpt package; it needs a target")
	f.StringVar(&flags.fence, "fence", "", "the name of the fence to verify, where there are several")
	f.StringVarP(&flags.format, "output", "o", "text", `what to print: "text", "json" or "junit"`)
	return cmd
}

func verify(cmd *cobra.Command, args []string, flags verifyFlags) error {
	write, err := reportFormat(flags.format, detail(cmd))
	if err != nil {
		return err
	}
	var result policy.Report
	debug := debugger(cmd)
	err = withProgress(cmd, func(p *output.Progress) error {
		v, err := loadVerification(cmd, p, args, flags.inputs)
		if err != nil {
			result, err = refusedReport(err)
			return err
		}
		v.Fence, v.Progress, v.Debug = flags.fence, p.Update, debug
		result, err = fn.Verify(v)
		return err
	})
	if err != nil {
		return err
	}
	result.Findings = position.NewFinder(verifiedDirs(args, flags.inputs)...).Locate(result.Findings)
	if err := write(cmd.OutOrStdout(), result); err != nil {
		return err
	}
	switch result.Outcome() {
	case policy.Verified:
		return nil
	case policy.NotVerified:
		return errFindings
	default:
		return errNothingToVerify
	}
}

// verifiedDirs are the directories to which the files of findings are relative.
func verifiedDirs(args []string, inputs string) []string {
	out := []string{"."}
	if len(args) == 1 {
		if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
			out = []string{args[0]}
		}
	}
	if inputs != "" {
		out = append(out, inputs)
	}
	return out
}

// refusedReport is the report on a build that was refused. Any other error remains one:
// nothing was read that could be reported on.
func refusedReport(err error) (policy.Report, error) {
	result := policy.Report{Basis: policy.TenantBasis, Findings: findingsOf(err)}
	switch {
	case len(result.Findings) > 0:
		return result, nil
	case errors.Is(err, kustomize.ErrFunction):
		result.Unproved = []string{fmt.Sprintf("%v, with the errors above, on standard error", err)}
		return result, nil
	}
	return result, err
}

func reportFormat(name string, level output.Detail) (func(io.Writer, policy.Report) error, error) {
	switch name {
	case "text":
		return func(w io.Writer, r policy.Report) error { return output.Report(w, r, level) }, nil
	case "json":
		return output.JSON, nil
	case "junit":
		return output.JUnit, nil
	}
	return nil, fmt.Errorf(`--output %q: say "text", "json" or "junit"`, name)
}

// loadVerification reads what is to be verified, and the inputs that it is compared with.
func loadVerification(cmd *cobra.Command, p *output.Progress, args []string, inputs string) (fn.Verification, error) {
	var v fn.Verification
	args, err := verifyTargets(args, inputs, cmd.InOrStdin())
	if err != nil {
		return v, err
	}
	switch v.CompleteOutput = slices.Contains(args, "-"); {
	case v.CompleteOutput && len(args) > 1:
		return v, fmt.Errorf("%s: name files, or - alone, which is what is piped in", strings.Join(args, " "))
	case v.CompleteOutput:
		p.Update("reading what is piped in", 0, 0)
		if v.Items, err = readStream(cmd.InOrStdin()); err != nil {
			return v, err
		}
	default:
		g, err := loadFiles(cmd, p, args, inputs)
		if err != nil {
			return v, err
		}
		v.Items, v.Runs, v.Kpt, v.CompleteOutput, v.Findings = g.items, g.runs, g.kpt, g.whole, g.findings
	}
	if len(v.Items) == 0 {
		return v, errNoResources(args)
	}
	if inputs == "" {
		return v, nil
	}
	g, err := loadInputs(cmd, p, inputs)
	v.Items, v.Runs = append(v.Items, g.items...), g.runs
	return v, err
}

func displayArgs(args []string) string {
	if args[0] == "-" {
		return "the input"
	}
	return strings.Join(args, " ")
}
