package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/position"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	inputs, fence string
	asEnforced    bool
	format        *choice
}

func newVerify() *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [DIR | FILE... | -] [--inputs DIR]",
		Short: "Verify finished policies before anything is applied",
		Long: `Verify that finished policies implement what Tenants and the profile declare, before they
are applied. All policies are as generated: none is missing, changed, moved or left over.
Every flow of every FlowTest is as expected, every declared flow is allowed, and fenced
pods have no undeclared access. Hand-written policies are part of the proof.

The target is
  DIR    a kustomization, which is built with its fence as tenantfence build does; or
         a folder without one, whose YAML and JSON files are read: a kpt package, or
         the output of tenantfence render. Omitted, it is the current folder.
  FILE   YAML or JSON files.
  -      standard input, as from kustomize build. Standard input is read only for -.

Tenants and their FenceProfile declare the intent. A rendered build does not contain
them, so --inputs names them: a kustomization with a fence, or a kpt package. --inputs
needs a target. A kustomization as DIR and a kpt package contain the intent themselves.
With files as the target, hand-written policies in --inputs are verified, too.

The last line of the report begins with the outcome, which sets the exit status:
  verified                    0  With Tenants: every policy is as generated, no stage is
                                 missing, isolation is proved, and FlowTests pass.
                                 Without: FlowTests pass, and isolation is not verified.
  not verified                1  A flow is not as expected, a finding is an error, or
                                 a part is not proved: the line names it.
  nothing to verify against   2  No Tenant and no FlowTest is known. The report shows
                                 the labels of policies, which prove nothing.
The exit status is also 2 if the arguments or the input cannot be read. Tenants in
AllowOnly are counted separately, even if they are not isolated once they are in Enforce.
With --as-enforced, that is "not verified".

` + fmt.Sprintf(sliceHelp, "verified") + ` The last line
then begins with, for example, "verified: tenant acme only", and claims no more.

` + cacheHelp + "\n\n" + formsHelp(),
		Example: `  kustomize build --enable-alpha-plugins --enable-exec deploy | tenantfence verify --inputs deploy -
  tenantfence verify kustomization-examples/soctalk -o summary
  tenantfence verify rendered --inputs kustomization-examples/soctalk
  tenantfence verify kustomization-examples/kpt -o junit > report.xml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return verify(cmd, args, flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.inputs, "inputs", "", "the folder that declares the intent: a kustomization with its fence, or a kpt package; it needs a target")
	f.StringVar(&flags.fence, "fence", "", "the name of the fence to verify, if the input has several")
	f.BoolVar(&flags.asEnforced, "as-enforced", false, "refuse what is in AllowOnly and not isolated once enforced; omitted: it is counted")
	complete(cmd, "inputs", completeDirs)
	complete(cmd, "fence", cobra.NoFileCompletions)
	flags.format = addFormat(cmd, "what to print: "+oneOf(formNames()), formNames()...)
	addSliceFlags(f)
	completeSliceFlags(cmd)
	addCacheFlag(cmd)
	addKustomizeFlags(cmd)
	return cmd
}

// cache opens the cache. A form that lists access has none.
func (f verifyFlags) cache(cmd *cobra.Command) (proof.Cache, error) {
	if cmd.Flags().Changed(cacheFlag) && f.form().ListsAccess {
		return nil, fmt.Errorf("--cache: -o %s lists what each pod may reach, which no cache has: remove --cache, or choose another form", f.format.value)
	}
	return cacheOf(cmd)
}

func verify(cmd *cobra.Command, args []string, flags verifyFlags) error {
	if err := flags.format.check(); err != nil {
		return err
	}
	slice, err := sliceOf(cmd)
	if err != nil {
		return err
	}
	known, err := flags.cache(cmd)
	if err != nil {
		return err
	}
	var result report.Report
	debug := debugger(cmd)
	err = withProgress(cmd, func(p *output.Progress) error {
		v, err := loadVerification(cmd, p, args, flags.inputs)
		if err != nil {
			result, err = refusedReport(err)
			return err
		}
		v.Cache = known
		v.Slice, v.Fence, v.Progress, v.Debug, v.ListAccess = slice, flags.fence, p.Update, debug, flags.form().ListsAccess
		result, err = proof.Verify(v)
		return err
	})
	if err != nil {
		return err
	}
	if flags.asEnforced {
		result = result.AsEnforced()
	}
	result.Findings = position.NewFinder(verifiedDirs(args, flags.inputs)...).Locate(result.Findings)
	if err := flags.form().Write(cmd.OutOrStdout(), result, detail(cmd)); err != nil {
		return err
	}
	switch result.Outcome() {
	case report.Verified, report.VerifiedInPart:
		return nil
	case report.NotVerified:
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

// refusedReport is the report on a refused build. It returns other errors, because no input was read.
func refusedReport(err error) (report.Report, error) {
	result := report.Report{Basis: report.TenantBasis, Findings: findingsOf(err)}
	switch {
	case len(result.Findings) > 0:
		return result, nil
	case errors.Is(err, kustomize.ErrFunction):
		result.Unproved = []string{fmt.Sprintf("%v, with the errors above, on standard error", err)}
		return result, nil
	}
	return result, err
}

// form is the chosen form of the report.
func (f verifyFlags) form() output.Form {
	all := output.Forms()
	return all[max(0, slices.Index(formNames(), f.format.value))]
}

func formNames() []string {
	var out []string
	for _, f := range output.Forms() {
		out = append(out, f.Name)
	}
	return out
}

// formsHelp describes the forms in lines of the help.
func formsHelp() string {
	var out []string
	for _, f := range output.Forms() {
		if f.Help != "" {
			out = append(out, "-o "+f.Name+" "+f.Help)
		}
	}
	return strings.Join(output.Wrap(strings.Join(out, " "), 90), "\n")
}

// loadVerification reads the target and the inputs.
func loadVerification(cmd *cobra.Command, p *output.Progress, args []string, inputs string) (proof.Verification, error) {
	var v proof.Verification
	args, err := verifyTargets(args, inputs, cmd.InOrStdin())
	if err != nil {
		return v, err
	}
	switch v.CompleteOutput = slices.Contains(args, "-"); {
	case v.CompleteOutput && len(args) > 1:
		return v, fmt.Errorf("%s: name files, or - alone for standard input", strings.Join(args, " "))
	case v.CompleteOutput:
		p.Update("reading standard input", 0, 0)
		if v.Items, err = readStream(cmd.InOrStdin()); err != nil {
			return v, err
		}
	default:
		g, err := loadFiles(cmd, p, args, inputs)
		if err != nil {
			return v, err
		}
		v.Items, v.Runs, v.Kpt, v.CompleteOutput, v.Findings, v.Written = g.items, g.runs, g.kpt, g.whole, g.findings, g.written
	}
	if len(v.Items) == 0 {
		return v, errNoResources(args)
	}
	if inputs == "" {
		return v, nil
	}
	g, err := loadInputs(cmd, p, inputs)
	v.Items, v.Runs, v.Written = append(v.Items, g.items...), g.runs, g.written
	return v, err
}

func displayArgs(args []string) string {
	if args[0] == "-" {
		return "the input"
	}
	return strings.Join(args, " ")
}

// pipeTimeout is how long verify waits for the first byte of standard input without the argument -. It
// distinguishes an empty pipe from one that a program writes to.
const pipeTimeout = time.Second

// verifyTargets returns what is verified. Without arguments it is the current folder, unless the
// intent is unclear: inputs alone, or a pipe.
func verifyTargets(args []string, inputs string, stdin io.Reader) ([]string, error) {
	switch {
	case len(args) > 0:
		return args, nil
	case inputs != "":
		return nil, errors.New("--inputs needs a target: name DIR, FILE or -; standard input is read only for -")
	case hasInput(stdin):
		return nil, errors.New("standard input has content, and no target is named: name DIR, FILE or - (standard input is read only for -; for the current folder: tenantfence verify .)")
	}
	return []string{"."}, nil
}

// hasInput reports whether standard input is a file or pipe that may have content. A terminal, /dev/null
// and an empty pipe have none.
func hasInput(stdin io.Reader) bool {
	f, ok := stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice != 0 || info.IsDir() {
		return false
	}
	read := make(chan int, 1)
	go func() {
		n, _ := io.ReadFull(f, make([]byte, 1))
		read <- n
	}()
	select {
	case n := <-read:
		return n > 0
	case <-time.After(pipeTimeout):
		return true
	}
}

// errNoResources reports that the target has no resource: the program that writes it may have failed.
func errNoResources(args []string) error {
	return fmt.Errorf("%s: no resource to verify: check whether the program that writes it failed", displayArgs(args))
}
