// Package cli is the command line, one file for each command. Without arguments the program is the
// function.
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tenantfence/tenantfence/fn"
	_ "github.com/tenantfence/tenantfence/internal/collector" // The program starts faster with it.
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/strict"
)

// The exit codes.
const (
	exitOK = iota
	// exitFindings: the inputs were read, and have errors.
	exitFindings
	// exitUsage: the arguments or the input cannot be read, or verify has no intent to compare with.
	exitUsage
)

var (
	// errFindings reports that findings were written. It needs no message.
	errFindings = errors.New("findings")
	// errNothingToVerify reports that a report without an intent was written. It needs no message.
	errNothingToVerify = errors.New("nothing to verify against")
)

// Run runs the program and returns its exit code.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if cause := recover(); cause != nil {
			_, _ = fmt.Fprintf(stderr, "tenantfence: internal error: %v: please report it with the input\n", cause)
			code = exitUsage
		}
	}()
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFindings):
		return exitFindings
	case errors.Is(err, errNothingToVerify):
		return exitUsage
	}
	// Nothing better can be done where stderr itself fails.
	_, _ = fmt.Fprintf(stderr, "tenantfence: %v\n", err)
	if isRefused(err) {
		return exitFindings
	}
	return exitUsage
}

func newRoot() *cobra.Command {
	var record, seen string
	var skipProof bool
	root := &cobra.Command{
		Use:   "tenantfence",
		Short: "Fence the tenants of a Kubernetes cluster: default-deny, with the flows that each declares",
		Long: `tenantfence reads Tenant resources in a kustomize build and generates the network
policies that they need, for Cilium or as NetworkPolicies.

Without arguments it is a KRM function, which kustomize and kpt run: it reads a
ResourceList on standard input and writes it back with the policies in it.

The exit status is 0 without errors, 1 if findings are errors, and nothing was changed,
and 2 if the arguments or the input cannot be read. tenantfence verify exits with 0 only
after a last line that begins with "verified".`,
		Args:              noCommand,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: checkDetail,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f, ok := cmd.InOrStdin().(*os.File); ok && term.IsTerminal(int(f.Fd())) {
				return cmd.Help()
			}
			o := fn.Options{SkipProof: skipProof, Seen: seen, Debug: debugger(cmd)}
			var err error
			if o.Slice, err = sliceOf(cmd); err != nil {
				return err
			}
			if record != "" {
				return executeRecorded(cmd, record, o)
			}
			return fn.Execute(cmd.InOrStdin(), cmd.OutOrStdout(), o, writeRun(cmd))
		},
	}
	root.Version = versions().Version
	root.SetVersionTemplate(versionText(versions()))
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.Flags().Bool("version", false, "print the versions, as tenantfence version does")
	root.PersistentFlags().BoolP("verbose", "v", false, "list every change, every flow and the details of every finding")
	root.PersistentFlags().BoolP("quiet", "q", false, "write errors only, and the last line of verify")
	root.PersistentFlags().Bool(debugFlag, false, "write each step of the run with its result and duration to the error output")
	root.Flags().StringVar(&record, recordFlag, "", "append the input and the output to this file")
	root.Flags().BoolVar(&skipProof, skipProofFlag, false, "skip the proof")
	root.Flags().StringVar(&seen, seenFlag, "", "mark Tenants, profile and FlowTests with this")
	addSliceFlags(root.Flags())
	for _, hidden := range []string{recordFlag, skipProofFlag, seenFlag, tenantFlag, shardFlag} {
		// It never fails for a flag that exists.
		_ = root.Flags().MarkHidden(hidden)
	}
	root.AddCommand(newBuild(), newChecks(), newConvert(), newDiff(), newExplain(), newGraph(), newImport(), newInit(), newReach(), newRender(), newSchema(), newVerify(), newVersion())
	addCompletion(root)
	return root
}

// noCommand refuses the name of a command that does not exist.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknownCommand(cmd, args)
}

// unknownCommand is the error about a command that is not one of a parent's.
func unknownCommand(parent *cobra.Command, args []string) error {
	return fmt.Errorf("unknown command %q: %s", strings.Join(args, " "), strict.DidYouMean(args[0], commandNames(parent)))
}

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			names = append(names, c.Name())
		}
	}
	return names
}

// newHelp is the help command of cobra, which does not fail for an unknown command.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			found, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return commandNames(found), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil {
				return unknownCommand(cmd.Root(), args)
			}
			if len(rest) > 0 {
				return unknownCommand(found, rest)
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// addCompletion adds cobra's command completion, which does not fail for an unknown shell.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Args = noCommand
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
}

// completeDirs completes the names of folders.
func completeDirs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

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
