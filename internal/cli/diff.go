package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
)

// diffFlags are the flags of diff.
type diffFlags struct {
	questionFlags
	asIs   bool
	base   string
	failOn []string
	format *choice
}

func newDiff() *cobra.Command {
	var flags diffFlags
	cmd := &cobra.Command{
		Use:   "diff (OLD NEW | --base REV [DIR] | --as-is [DIR]) [--fail-on KINDS]",
		Short: "List the connections that a change adds, removes or changes",
		Long: `Compare what the policies of two builds allow, connection by connection: pairs of pods,
entities, networks and DNS names, with ports and L7 rules. It decides the finished
policies of both builds, so another name, order or division of policies is no difference.
The kinds of differences are:
  opened     both sides allow the connection in NEW alone.
  closed     both sides allow the connection in OLD alone.
  changed    both builds allow it with other L7 rules: NEW "allows more" or "allows less".
  one-sided  one side allows it in NEW alone, and the other side denies it.
A pod of both builds is one with the same namespace, kind and name. The connections of a
new or removed pod are "opened" or "closed".

OLD and NEW are each DIR, FILE or -. Only one of them may be -. One without a profile is
decided for the cluster of the other one.
--base REV [DIR] compares DIR in a revision of its git repository with DIR in the working
tree. The revision is written to a temporary folder, and git runs no filter and no hook.
--as-is [DIR] compares DIR as it is with DIR as if every tenant were in Enforce. What
is "closed" is allowed today, and Enforce will deny it.

` + targetHelp + `

--fail-on KINDS sets the exit status to 1 if a connection of one of the kinds differs.
opened includes changed connections that allow more.

-o markdown is a comment for a pull request, with at most 65,536 characters. -o json has
every connection (docs/schemas/diff.json).

The exit status is 0 with an answer, and 2 if the arguments or the input cannot be read.
It is 1 if the policies cannot be decided, or if a difference is one of --fail-on.`,
		Example: `  tenantfence diff rendered-before rendered
  kustomize build deploy | tenantfence diff rendered -
  tenantfence diff --base origin/main deploy --fail-on opened,one-sided
  tenantfence diff --as-is kustomization-examples/allow-only-to-enforce/allow-only`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return diff(cmd, args, flags)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.asIs, "as-is", false, "compare DIR as it is with DIR as if every tenant were in Enforce")
	f.StringVar(&flags.base, "base", "", "compare DIR in this revision of its git repository with DIR in the working tree")
	f.StringSliceVar(&flags.failOn, "fail-on", nil, "exit with 1 if a connection differs in one of these ways: "+oneOf(kindNames()))
	flags.add(cmd)
	flags.format = addFormat(cmd, `what to print: "text", "markdown" or "json"`, "text", "markdown", "json")
	complete(cmd, "base", cobra.NoFileCompletions)
	complete(cmd, "fail-on", cobra.FixedCompletions(kindNames(), cobra.ShellCompDirectiveNoFileComp))
	exclude(cmd, "as-is", "base")
	exclude(cmd, "as-is", "as-enforced")
	return cmd
}

func kindNames() []string {
	var out []string
	for _, k := range report.DifferenceKinds() {
		out = append(out, string(k))
	}
	return out
}

// check refuses flags and arguments that do not fit each other.
func (f diffFlags) check(cmd *cobra.Command, args []string) error {
	for _, kind := range f.failOn {
		c := choice{flag: "fail-on", value: kind, values: kindNames()}
		if err := c.check(); err != nil {
			return err
		}
	}
	if err := f.checkArguments(cmd, args); err != nil {
		return err
	}
	return f.format.check()
}

// checkArguments refuses arguments that do not fit the flags.
func (f diffFlags) checkArguments(cmd *cobra.Command, args []string) error {
	base := cmd.Flags().Changed("base")
	oneTarget, both := f.asIs || base, strings.Join(args, " ")
	switch {
	case oneTarget && len(args) > 1, len(args) > 2:
		return fmt.Errorf("%d arguments (%s) are too many: write %s", len(args), both, cmd.UseLine())
	case !oneTarget && len(args) < 2:
		return fmt.Errorf("diff compares two builds: write %s", cmd.UseLine())
	case both == "- -":
		return errors.New("OLD and NEW are both standard input: name a folder or a file for one of them")
	case base && both == "-":
		return errors.New("--base compares a folder with a revision of it, and - is no folder: name DIR")
	}
	return nil
}

// diff answers diff.
func diff(cmd *cobra.Command, args []string, flags diffFlags) error {
	if err := flags.check(cmd, args); err != nil {
		return err
	}
	var answer report.Diff
	err := withProgress(cmd, func(p *output.Progress) error {
		var before, after proof.Subject
		var err error
		switch {
		case flags.asIs:
			before, after, err = flags.asIsAndEnforced(cmd, p, args, &answer)
		case cmd.Flags().Changed("base"):
			before, after, err = flags.sinceBase(cmd, p, args, &answer)
		default:
			before, after, err = flags.oldAndNew(cmd, p, diffTarget{args[0], args[0], flags.inputs}, diffTarget{args[1], args[1], flags.inputs}, &answer)
		}
		if err != nil {
			return err
		}
		answer.Old.Findings, answer.New.Findings = before.Findings, after.Findings
		answer.Old.AllowOnly, answer.New.AllowOnly = before.AllowOnly(), after.AllowOnly()
		answer.Differences, err = proof.Diff(before, after)
		return err
	})
	if err != nil {
		return err
	}
	if err := writeDiff(cmd, answer, flags.format.value); err != nil {
		return err
	}
	if slices.ContainsFunc(flags.failOn, func(kind string) bool { return answer.Has(report.DifferenceKind(kind)) }) {
		return errFindings
	}
	return nil
}

// writeDiff writes the answer, and the findings about both builds to stderr.
func writeDiff(cmd *cobra.Command, d report.Diff, format string) error {
	if format == "json" {
		return output.DiffJSON(cmd.OutOrStdout(), d)
	}
	for _, side := range []report.DiffSide{d.Old, d.New} {
		if err := writeFindings(cmd, side.Findings); err != nil {
			return err
		}
	}
	if format == "markdown" {
		return output.DiffMarkdown(cmd.OutOrStdout(), d)
	}
	return output.Diff(cmd.OutOrStdout(), d, detail(cmd))
}

// diffTarget is a build to compare: its name in reports, its file or folder, and the folder that declares
// its intent.
type diffTarget struct{ name, path, inputs string }

// oldAndNew reads two builds.
func (f diffFlags) oldAndNew(cmd *cobra.Command, p *output.Progress, old, now diffTarget, answer *report.Diff) (before, after proof.Subject, err error) {
	builds := [2]diffBuild{{target: old}, {target: now}}
	for i := range builds {
		b := &builds[i]
		if b.Verification, err = f.load(cmd, p, []string{b.target.path}, b.target.inputs); err != nil {
			return before, after, b.target.refused(cmd, err)
		}
	}
	err = f.askBoth(cmd, &builds[0], &builds[1])
	answer.Old, answer.New = builds[0].side(), builds[1].side()
	return builds[0].subject, builds[1].subject, err
}

// diffBuild is a build to compare, with what is read of it.
type diffBuild struct {
	proof.Verification
	target  diffTarget
	as      proof.Enforcement
	subject proof.Subject
}

func (b diffBuild) side() report.DiffSide {
	return report.DiffSide{Name: displayArgs([]string{b.target.name}), AsEnforced: b.as == proof.AsEnforced}
}

// askBoth reads the policies of two builds. The profile of one describes the cluster of the other, if that has none.
func (f diffFlags) askBoth(cmd *cobra.Command, old, now *diffBuild) error {
	first, second := old, now
	if !old.HasFence() {
		first, second = now, old
	}
	first.as, second.as = f.enforcement(), f.enforcement()
	switch {
	case !first.HasFence():
		first.Assumed = proof.AssumedForBoth(old.Verification, now.Verification)
	case !second.HasFence():
		// It has no tenant in AllowOnly, so it is enforced as it is.
		second.as = proof.AsApplied
	}
	if err := first.ask(cmd); err != nil {
		return err
	}
	second.Assumed = first.subject.Desired.Fence
	return second.ask(cmd)
}

func (b *diffBuild) ask(cmd *cobra.Command) (err error) {
	b.subject, err = ask(cmd, b.Verification, b.as, verifiedDirs([]string{b.target.path}, b.target.inputs))
	return b.target.refused(cmd, err)
}

// refused names the build in an error. If findings refuse it, a line does.
func (t diffTarget) refused(cmd *cobra.Command, err error) error {
	if errors.Is(err, errFindings) {
		cmd.PrintErrf("%s cannot be decided, so nothing is compared\n", displayArgs([]string{t.name}))
	} else if err != nil {
		err = fmt.Errorf("%s: %w", displayArgs([]string{t.name}), err)
	}
	return err
}

// asIsAndEnforced reads one build as it is, and as if every tenant were in Enforce.
func (f diffFlags) asIsAndEnforced(cmd *cobra.Command, p *output.Progress, args []string, answer *report.Diff) (before, after proof.Subject, err error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	answer.Old = report.DiffSide{Name: displayArgs(args)}
	answer.New = report.DiffSide{Name: displayArgs(args), AsEnforced: true}
	v, err := f.load(cmd, p, args, f.inputs)
	if err != nil {
		return before, after, err
	}
	dirs := verifiedDirs(args, f.inputs)
	if before, err = ask(cmd, v, proof.AsApplied, dirs); err == nil {
		after, err = ask(cmd, v, proof.AsEnforced, dirs)
	}
	return before, after, err
}
