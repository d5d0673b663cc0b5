package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/flux"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// renderFlags are the flags of render.
type renderFlags struct {
	out, source, path, namespace string
	check                        bool
	groupBy, format              *choice
}

func newRender() *cobra.Command {
	var flags renderFlags
	cmd := &cobra.Command{
		Use:   "render DIR --output-dir OUT",
		Short: "Render the policies of a kustomization into a tree that Flux applies",
		Long: `Build a kustomization with its fence, as tenantfence build does, and write its
policies into OUT: a folder for each tenant and stage, and Flux Kustomizations that
apply baseline, allow and default-deny one after the other.

OUT belongs to this command. It is replaced as a whole, and only if every file in it is
as rendered. Tenants, profile, workloads and other resources are not written.

--check writes nothing. The exit status is 1 if OUT would change, as in a pipeline that
checks that the rendered policies are committed.

-o json has the changes and the findings (docs/schemas/render.json).

` + fmt.Sprintf(sliceHelp, "proved and written") + `
Each file of a slice has the bytes that a whole rendering with the same --path has. Give
each slice a folder of its own.`,
		Example: `  tenantfence render kustomization-examples/soctalk --output-dir rendered
  tenantfence render kustomization-examples/soctalk --output-dir rendered --check
  tenantfence render clusters/prod/fence --output-dir rendered/prod --source OCIRepository/policies --path prod`,
		Args:              requireArgument,
		ValidArgsFunction: completeDirs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.format.check(); err != nil {
				return fmt.Errorf("%w: the folder to write is --output-dir %s", err, flags.format.value)
			}
			return render(cmd, args[0], flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.out, "output-dir", "", "the folder to write; it is created if necessary (required)")
	f.BoolVar(&flags.check, "check", false, "write nothing, and exit with 1 if the folder would change")
	f.StringVar(&flags.source, "source", "GitRepository/flux-system", "the Flux source that contains OUT, as Kind/name")
	f.StringVar(&flags.path, "path", "", "the path of OUT in the source (default OUT itself)")
	f.StringVar(&flags.namespace, "namespace", "flux-system", "the namespace of the Flux Kustomizations and of the source")
	for flag, values := range map[string]cobra.CompletionFunc{"output-dir": completeDirs, "source": cobra.NoFileCompletions, "path": completeDirs, "namespace": cobra.NoFileCompletions} {
		complete(cmd, flag, values)
	}
	flags.groupBy = addChoice(cmd, "group-by", "", `what one Flux Kustomization applies: a stage of one "tenant", or a "stage" of all`, string(flux.ByTenant), string(flux.ByStage))
	flags.format = addFormat(cmd, `what to print: "text" (the changes) or "json" (the changes and findings)`, "text", "json")
	addSliceFlags(f)
	completeSliceFlags(cmd)
	addCacheFlag(cmd)
	addKustomizeFlags(cmd)
	return cmd
}

func render(cmd *cobra.Command, dir string, flags renderFlags) error {
	options, err := flags.options()
	if err != nil {
		return err
	}
	switch slice, err := sliceOf(cmd); {
	case err != nil:
		return err
	case !slice.IsWhole() && options.GroupBy == flux.ByStage:
		return errors.New("--group-by stage: one Kustomization applies a stage of all tenants, so it has no slice: use --group-by tenant, or remove --tenant and --shard")
	}
	if err := flux.CheckSeparate(dir, flags.out); err != nil {
		return err
	}
	before, err := renderedPolicies(flags.out)
	if err != nil {
		return err
	}
	b, err := runBuild(cmd, newRunReport(cmd, dir, flags.out), dir, before)
	var changes report.Changes
	if err == nil {
		changes, err = b.render(flags, options)
	}
	if b.fellBack && err == nil && len(before) > 0 {
		note(cmd, "traffic is not compared with the policies in %s, since kustomize itself built this", flags.out)
	}
	return b.reportRendered(cmd, flags, changes, err)
}

// reportRendered writes the changes, or the findings that refused them. With --check, a change is an error.
func (b *buildResult) reportRendered(cmd *cobra.Command, flags renderFlags, changes report.Changes, err error) error {
	changed := flags.check && len(changes.Effective()) > 0
	switch {
	case err != nil && !isRefused(err):
		return err
	case flags.format.value == "json":
		r := output.Rendered{Passed: err == nil && !changed, Slice: b.slice, Dir: flags.out, Check: flags.check, Changes: changes, Needs: b.needs, Findings: b.report.all.Sort()}
		err = cmp.Or(output.RenderJSON(cmd.OutOrStdout(), r), err)
	case err == nil:
		err = b.writeRendered(cmd, flags, changes)
	}
	if err == nil && changed {
		cmd.PrintErrf("tenantfence: %s would change: run tenantfence render without --check, and commit the folder\n", flags.out)
		return errFindings
	}
	return err
}

// writeRendered writes what objects that are not rendered need, and the changes.
func (b *buildResult) writeRendered(cmd *cobra.Command, flags renderFlags, changes report.Changes) error {
	if detail(cmd) != output.Quiet {
		if err := writeNeeds(cmd.ErrOrStderr(), b.needs); err != nil {
			return err
		}
	}
	title := flags.out
	if flags.check {
		title += " (nothing is written)"
	}
	return output.Changes(cmd.OutOrStdout(), title, changes, detail(cmd))
}

// renderedPolicies are the policies of an earlier rendering.
func renderedPolicies(out string) ([]*yaml.RNode, error) {
	if !flux.IsTree(out) {
		return nil, nil
	}
	// flux.Write reports edited files.
	items, err := readTree(out, func(root string) ([]string, error) {
		files, _, err := filesOf(root)
		return files, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the earlier rendering: %w", err)
	}
	return slices.DeleteFunc(items, func(n *yaml.RNode) bool { return !resource.IsPolicy(n) }), nil
}

// writeNeeds lists what objects that are not rendered still need.
func writeNeeds(w io.Writer, needs []string) error {
	for _, need := range needs {
		if _, err := fmt.Fprintf(w, "not rendered, change it where the object comes from: %s\n", need); err != nil {
			return fmt.Errorf("write needs: %w", err)
		}
	}
	return nil
}

// render writes the tree, or compares it. Findings refuse it.
func (b *buildResult) render(flags renderFlags, options flux.Options) (report.Changes, error) {
	items, err := readBuild(b.data)
	if err != nil {
		return nil, fmt.Errorf("read the build: %w", err)
	}
	if err := b.slice.CheckTenants(b.owned.Tenants); err != nil {
		return nil, err
	}
	options.Slice = b.slice
	files, findings, err := flux.Tree(items, options)
	if err := b.report.total(cmp.Or(b.report.write(findings), err)); err != nil {
		return nil, err
	}
	write := flux.Write
	if flags.check {
		write = flux.Compare
	}
	changes, findings, err := write(flags.out, files)
	return changes, b.report.total(cmp.Or(b.report.write(findings), err))
}

func (f renderFlags) options() (flux.Options, error) {
	if f.out == "" {
		return flux.Options{}, errors.New("--output-dir: name the folder to write, as in --output-dir rendered")
	}
	options := flux.Options{}
	var err error
	if options.Source, err = flux.ParseSource(f.source); err != nil {
		return options, fmt.Errorf("--source: %w", err)
	}
	if options.Namespace, err = flux.ParseNamespace(f.namespace); err != nil {
		return options, fmt.Errorf("--namespace: %w", err)
	}
	if err := f.groupBy.check(); err != nil {
		return options, err
	}
	options.GroupBy = flux.Grouping(f.groupBy.value)
	if f.path == "" {
		if options.Path, err = flux.ParsePath(f.out); err != nil {
			return options, fmt.Errorf("--output-dir: %w, with --path", err)
		}
	} else if options.Path, err = flux.ParsePath(f.path); err != nil {
		return options, fmt.Errorf("--path: %w", err)
	}
	return options, nil
}
