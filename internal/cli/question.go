package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/position"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
)

// questionFlags are the flags of every command that answers a question about policies.
type questionFlags struct {
	inputs, fence string
	asEnforced    bool
}

// add adds the flags.
func (q *questionFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&q.inputs, "inputs", "", "the folder that declares the intent: a kustomization with its fence, or a kpt package; it needs a target")
	f.StringVar(&q.fence, "fence", "", "the name of the fence to ask about, if the input has several")
	f.BoolVar(&q.asEnforced, "as-enforced", false, "decide as if every tenant were in Enforce; omitted: the policies as they are")
	complete(cmd, "inputs", completeDirs)
	complete(cmd, "fence", cobra.NoFileCompletions)
	addKustomizeFlags(cmd)
}

// targetHelp describes the targets of questions.
const targetHelp = `The target is
  DIR    a kustomization, which is built, with its fence if it has one, as tenantfence
         build does; or a folder without one, whose YAML and JSON files are read.
         Omitted, it is the current folder.
  FILE   YAML or JSON files.
  -      standard input, as from kustomize build.

Tenants are not needed: hand-written policies are enough. Where the target does not
contain the Tenants, --inputs DIR names them, and the answer has the fields behind the
generated policies. Policies are decided as they are, or with --as-enforced as if every
tenant were in Enforce. A question proves nothing: tenantfence verify does.`

func (q *questionFlags) enforcement() proof.Enforcement { return proof.Enforcement(q.asEnforced) }

// subject reads a target. Findings that are errors are written, and errFindings is returned.
func (q *questionFlags) subject(cmd *cobra.Command, p *output.Progress, target []string) (proof.Subject, error) {
	v, err := q.load(cmd, p, target, q.inputs)
	if err != nil {
		return proof.Subject{}, err
	}
	return ask(cmd, v, q.enforcement(), verifiedDirs(target, q.inputs))
}

// load reads a target and the inputs. The findings of a refused build are written.
func (q *questionFlags) load(cmd *cobra.Command, p *output.Progress, target []string, inputs string) (proof.Verification, error) {
	if len(target) == 0 {
		target = []string{"."}
	}
	v, err := loadVerification(cmd, p, target, inputs)
	if unfenced := new(kustomize.NoFenceError); errors.As(err, &unfenced) && len(unfenced.Unread) == 0 {
		v.Items, err = kustomize.Unfenced(filesys.MakeFsOnDisk(), target[0], kustomizeOptions(cmd))
	}
	if err != nil {
		return v, writeRefused(cmd, err)
	}
	v.Fence, v.Progress, v.Debug = q.fence, p.Update, debugger(cmd)
	return v, nil
}

// ask reads the policies of a target, whose files are in some folders. Findings that are errors are written.
func ask(cmd *cobra.Command, v proof.Verification, as proof.Enforcement, dirs []string) (proof.Subject, error) {
	s, err := v.Questions(as)
	s.Findings = position.NewFinder(dirs...).Locate(s.Findings)
	if errors.Is(err, proof.ErrNoAnswer) {
		if err := output.Text(cmd.ErrOrStderr(), s.Findings, detail(cmd)); err != nil {
			return s, err
		}
		return s, errFindings
	}
	if err == nil && as == proof.AsEnforced && len(s.Desired.Fence.Owners()) == 0 {
		return s, errors.New("no Tenant is known, so nothing can be decided as enforced: name the folder of the Tenants with --inputs")
	}
	return s, err
}

// writeRefused writes the findings of a refused build.
func writeRefused(cmd *cobra.Command, err error) error {
	found := findingsOf(err)
	if len(found) == 0 {
		return err
	}
	if err := output.Text(cmd.ErrOrStderr(), found, detail(cmd)); err != nil {
		return err
	}
	return errFindings
}

// writeFindings writes the errors and warnings about what a question is about.
func writeFindings(cmd *cobra.Command, found report.Findings) error {
	var out report.Findings
	for _, f := range found {
		if f.Severity != report.Info || detail(cmd) == output.Verbose {
			out = append(out, f)
		}
	}
	return output.Text(cmd.ErrOrStderr(), out, detail(cmd))
}

// atLeast returns an error if a command lacks arguments that its usage line names.
func atLeast(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return fmt.Errorf("arguments are missing: write %s", cmd.UseLine())
		}
		return nil
	}
}
