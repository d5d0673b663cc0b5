package cli

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func newBuild() *cobra.Command {
	var format *choice
	cmd := &cobra.Command{
		Use:   "build [DIR]",
		Short: "Build a kustomization with its fence, as kustomize build would, without plugin flags",
		Long: `Build a kustomization with its fence and print what kustomize build
--enable-alpha-plugins --enable-exec would, byte for byte, without these flags.

DIR is the folder of the kustomization. Omitted, it is the current folder. No function
other than TenantFence runs. helmCharts need --enable-helm, and files outside a
kustomization's folder need --load-restrictor LoadRestrictionsNone, as with kustomize.

-o table lists the flows that the generated policies allow, and the fields that declare
them. Each row is one line, unless a terminal or $COLUMNS limits the width. -o json
has the generated policies, the changes and the findings (docs/schemas/build.json).
With errors, it has the findings, and the exit status is 1.

` + fmt.Sprintf(sliceHelp, "proved and printed") + "\n\n" + cacheHelp,
		Example: `  tenantfence build kustomization-examples/soctalk
  tenantfence build kustomization-examples/soctalk --output table
  tenantfence build kustomization-examples/quickstart --tenant acme`,
		Args:              atMostOneArgument,
		ValidArgsFunction: completeDirs,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			if err := format.check(); err != nil {
				return err
			}
			return build(cmd, dir, format.value)
		},
	}
	format = addFormat(cmd, `what to print: "yaml" (the build), "table" (the flows of its policies) or "json" (its policies, changes and findings)`, "yaml", "table", "json")
	addSliceFlags(cmd.Flags())
	completeSliceFlags(cmd)
	addCacheFlag(cmd)
	addKustomizeFlags(cmd)
	return cmd
}

func build(cmd *cobra.Command, dir, format string) error {
	b, err := runBuild(cmd, newRunReport(cmd, dir), dir, nil)
	if err == nil {
		err = b.cutSlice()
	}
	if format == "json" {
		return b.writeJSON(cmd.OutOrStdout(), err)
	}
	if err != nil {
		return err
	}
	if err := b.print(cmd.OutOrStdout(), format); err != nil {
		return err
	}
	return b.report.writeChanges()
}

// buildResult is a build.
type buildResult struct {
	data []byte
	// slice is what is decided and written, and owned which tenant each resource belongs to.
	slice report.Slice
	owned resource.Ownership
	// cache has results of earlier proofs. Nil: none.
	cache proof.Cache
	// agents is what each agent must hold. Nil: it is unknown.
	agents *report.AgentLoad
	// needs are lines for users: fields that Namespaces, Services and patched policies still lack.
	needs []string
	// fellBack reports whether kustomize itself built it.
	fellBack bool
	// report is what was written about the run.
	report *runReport
}

// runBuild builds a kustomization with its fence, and reports findings on the error output. before
// are the policies that an earlier run wrote elsewhere.
func runBuild(cmd *cobra.Command, r *runReport, dir string, before []*yaml.RNode) (buildResult, error) {
	b := buildResult{report: r}
	var err error
	if b.slice, err = sliceOf(cmd); err != nil {
		return b, err
	}
	if b.cache, err = cacheOf(cmd); err != nil {
		return b, err
	}
	if err := checkBuildable(dir); err != nil {
		return b, err
	}
	err = withProgress(cmd, func(p *output.Progress) error {
		options, err := buildOptions(cmd, p)
		if err != nil {
			return err
		}
		record, remove, err := newRecord()
		if err != nil {
			return err
		}
		defer remove()
		options.Arguments = slices.Concat(options.Arguments, []string{"--" + recordFlag, record}, sliceArguments(b.slice))
		options.Function = rejectFormerFences(b.function(p, before))
		notify := options.Fallback
		options.Fallback = func(reason string) {
			b.fellBack = true
			notify(reason)
			b.needs = append(b.needs, "the labels and loadBalancerSourceRanges that tenantfence build sets; which of them is unknown, since kustomize itself built this: "+reason)
		}
		p.Update("building "+dir, 0, 0)
		b.data, err = kustomize.Build(filesys.MakeFsOnDisk(), dir, options)
		if findings := findingsOf(err); len(findings) > 0 {
			return b.report.write(findings)
		}
		if !b.fellBack {
			return err
		}
		runs, rerr := readRecord(record)
		for _, run := range runs {
			b.report.all = append(b.report.all, run.findings...)
		}
		if err != nil || rerr != nil {
			return cmp.Or(err, rerr)
		}
		return b.checkLayersAbove(cmd, p, runs)
	})
	return b, b.report.total(err)
}

// function runs a fence in this process.
func (b *buildResult) function(p *output.Progress, before []*yaml.RNode) kustomize.Function {
	return func(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
		r, err := fn.Process(config, items, fn.Options{Progress: p.Update, PreviousPolicies: before, Slice: b.slice, Cache: b.cache, Debug: b.report.debug})
		if werr := b.report.write(r.Findings); werr != nil && err == nil {
			return nil, werr
		}
		b.owned, b.agents = b.owned.With(r.Ownership), cmp.Or(r.Report.Agents, b.agents)
		b.needs = append(b.needs, r.RequiredChanges...)
		b.report.changes = b.report.changes.Then(r.Changes)
		return r.Items, err
	}
}

// findingsOf are the findings in the error of a build. Other errors have none.
func findingsOf(err error) report.Findings {
	var malformed *kustomize.MalformedError
	if errors.As(err, &malformed) {
		return malformed.Findings
	}
	var refused *refusedError
	if errors.As(err, &refused) {
		return refused.findings
	}
	var outsideFence *kustomize.OutsideFenceError
	if !errors.As(err, &outsideFence) {
		return nil
	}
	var out report.Findings
	for _, ref := range outsideFence.Items {
		out = append(out, proof.OutsideFence(ref))
	}
	for _, ref := range outsideFence.Changed {
		out = append(out, proof.ChangedAboveFence(ref))
	}
	return out.Sort()
}

// buildOptions are the options of every build.
func buildOptions(cmd *cobra.Command, p *output.Progress) (kustomize.Options, error) {
	executable, err := os.Executable()
	if err != nil {
		return kustomize.Options{}, fmt.Errorf("find this program: %w", err)
	}
	o := kustomizeOptions(cmd)
	o.Executable, o.Seen = executable, rand.Text()
	o.Arguments = append([]string{"--" + seenFlag, o.Seen}, passedFlags(cmd)...)
	o.Fallback = func(reason string) {
		// Other processes write to stderr from here on.
		p.Update("", 0, 0)
		note(cmd, "kustomize itself builds this, which takes longer: %s", reason)
	}
	return o, nil
}

// checkLayersAbove checks the layers above the fence: whether they moved, renamed or changed generated
// policies. If anything else changed, the finished build is decided again.
func (b *buildResult) checkLayersAbove(cmd *cobra.Command, p *output.Progress, runs []recordedRun) error {
	items, err := readBuild(b.data)
	if err != nil {
		return fmt.Errorf("read the build: %w", err)
	}
	for _, r := range runs {
		b.owned, b.agents = b.owned.With(r.owned), cmp.Or(r.agents, b.agents)
	}
	for _, r := range runs {
		b.needs = append(b.needs, generate.RequiredPolicyChanges(b.owned.In(b.slice, r.Items), b.owned.In(b.slice, r.returned))...)
		b.report.changes = b.report.changes.Then(r.changes)
		b.report.counts.Add(r.findings.Counts())
	}
	if err := b.report.write(lint.LayersAbove(writtenPolicies(runs), items)); err != nil {
		return err
	}
	for _, name := range fencesChangedAbove(runs, items) {
		v := proof.Verification{Items: items, Runs: runsOnFinishedBuild(runs, items), Written: writtenPolicies(runs), CompleteOutput: true, DuringBuild: true, Fence: name, Slice: b.slice, Cache: b.cache, Progress: p.Update, Debug: b.report.debug}
		if err := b.verifyFinishedBuild(cmd, p, v, runs); err != nil {
			return err
		}
	}
	return nil
}

// fencesChangedAbove are the fences whose last output differs from the build.
func fencesChangedAbove(runs []recordedRun, finished []*yaml.RNode) []string {
	last := map[string][]*yaml.RNode{}
	for _, r := range runs {
		last[r.Config.GetName()] = r.returned
	}
	maps.DeleteFunc(last, func(_ string, returned []*yaml.RNode) bool { return resource.SameInCluster(returned, finished) })
	return slices.Sorted(maps.Keys(last))
}

// verifyFinishedBuild refuses a build whose finished resources do not implement the intent. Findings of the
// runs are not repeated.
func (b *buildResult) verifyFinishedBuild(cmd *cobra.Command, p *output.Progress, v proof.Verification, runs []recordedRun) error {
	p.Update("", 0, 0)
	note(cmd, "layers above TenantFence %q add or change resources, so the finished build is decided, too", v.Fence)
	result, err := proof.Verify(v)
	if err != nil {
		return fmt.Errorf("decide the finished build: %w", err)
	}
	b.agents = cmp.Or(result.Agents, b.agents)
	findings := slices.DeleteFunc(proof.Findings(result), func(f report.Finding) bool {
		return f.Severity != report.Error && slices.ContainsFunc(runs, func(r recordedRun) bool { return r.reported(f) })
	})
	if err := b.report.write(findings); err != nil {
		return err
	}
	if reasons := result.UnverifiedReasons(); len(reasons) > 0 {
		note(cmd, "the finished build is not proved: %s", strings.Join(reasons, ", "))
	}
	return nil
}

// rejectFormerFences runs the fences of one build with a function. It refuses a fence whose former names
// contain an earlier fence of the build, because it would delete the policies of that fence.
func rejectFormerFences(function kustomize.Function) kustomize.Function {
	ran := map[string]bool{}
	return func(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
		// The function reports what is invalid in its configuration.
		if f, errs := v1alpha1.DecodeFence(config); len(errs) == 0 {
			for i, name := range f.Spec.FormerNames {
				if ran[name] && name != f.Name {
					return nil, &refusedError{err: fn.ErrRefused, findings: report.Findings{report.New(report.FormerFenceActive, report.Error, resource.RefOf(config), fmt.Sprintf("spec.formerNames[%d]", i), "fence %q runs in this build, too, so this fence would delete its policies: remove the name or that fence", name)}}
				}
			}
			ran[f.Name] = true
		}
		return function(config, items)
	}
}

// checkBuildable refuses a folder that kustomize cannot build, with what to do.
func checkBuildable(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("%s: the folder to build does not exist: name the folder of a kustomization", dir)
	case !info.IsDir():
		return fmt.Errorf("%s: is a file, and a build needs a folder: name the folder of its kustomization", dir)
	case isKustomization(dir):
		return nil
	case isKptPackage(dir):
		return fmt.Errorf("%s: is a kpt package, which kpt renders in place: run kpt fn render --allow-exec %s, and then tenantfence verify %s", dir, dir, dir)
	}
	files, _, err := filesOf(dir)
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%s: the folder has no kustomization and no YAML: name the folder of a kustomization", dir)
	}
	return fmt.Errorf("%s: the folder has no kustomization.yaml, so nothing lists its %d files and the fence: run kustomize create --autodetect in it, and move the TenantFence to transformers", dir, len(files))
}
