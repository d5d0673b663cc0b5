package cli

import (
	"cmp"
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
	out, source, path, namespace, groupBy string
}

func newRender() *cobra.Command {
	var flags renderFlags
	cmd := &cobra.Command{
		Use:   "render DIR -o OUT",
		Short: "Render the policies of a kustomization into a tree that Flux applies",
		Long: `Build a kustomization with its fence, as tenantfence build does, and write its
policies into OUT: a folder for each tenant and stage, and Flux Kustomizations that
apply baseline, allow and default-deny one after the other.

OUT belongs to this command. It is replaced as a whole, and only if every file in it is
as rendered. Tenants, profile, workloads and other resources are not written.`,
		Example: `  tenantfence render kustomization-examples/soctalk -o rendered
  tenantfence render clusters/prod/fence -o rendered/prod --source OCIRepository/policies --path prod`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return render(cmd, args[0], flags)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&flags.out, "output", "o", "", "the folder to write; it is created if necessary (required)")
	f.StringVar(&flags.source, "source", "GitRepository/flux-system", "the Flux source that contains OUT, as Kind/name")
	f.StringVar(&flags.path, "path", "", "the path of OUT in the source (default OUT itself)")
	f.StringVar(&flags.namespace, "namespace", "flux-system", "the namespace of the Flux Kustomizations and of the source")
	f.StringVar(&flags.groupBy, "group-by", string(flux.ByTenant), `what one Flux Kustomization applies: a stage of one "tenant", or a "stage" of all`)
	addKustomizeFlags(cmd)
	return cmd
}

func render(cmd *cobra.Command, dir string, flags renderFlags) error {
	options, err := flags.options()
	if err != nil {
		return err
	}
	if err := flux.CheckSeparate(dir, flags.out); err != nil {
		return err
	}
	before, err := renderedPolicies(flags.out)
	if err != nil {
		return err
	}
	b, err := runBuild(cmd, newRunReport(cmd, dir, flags.out), dir, before)
	if err != nil {
		return err
	}
	if b.fellBack && len(before) > 0 {
		note(cmd, "traffic is not compared with the policies in %s, since kustomize itself built this", flags.out)
	}
	items, err := readBuild(b.data)
	if err != nil {
		return fmt.Errorf("read the build: %w", err)
	}
	changes, err := b.render(items, flags.out, options)
	if err != nil {
		return b.report.total(err)
	}
	if detail(cmd) != output.Quiet {
		if err := writeNeeds(cmd.ErrOrStderr(), b.needs); err != nil {
			return err
		}
	}
	return output.Changes(cmd.OutOrStdout(), flags.out, changes, detail(cmd))
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
		if _, err := fmt.Fprintf(w, "not rendered, set it where the object comes from: %s\n", need); err != nil {
			return fmt.Errorf("write needs: %w", err)
		}
	}
	return nil
}

// render writes the tree. Findings refuse it.
func (b buildResult) render(items []*yaml.RNode, out string, options flux.Options) (report.Changes, error) {
	files, findings, err := flux.Tree(items, options)
	if err := cmp.Or(b.report.write(findings), err); err != nil {
		return nil, err
	}
	changes, findings, err := flux.Write(out, files)
	return changes, cmp.Or(b.report.write(findings), err)
}

func (f renderFlags) options() (flux.Options, error) {
	if f.out == "" {
		return flux.Options{}, fmt.Errorf("--output: name the folder to write")
	}
	options := flux.Options{}
	var err error
	if options.Source, err = flux.ParseSource(f.source); err != nil {
		return options, fmt.Errorf("--source: %w", err)
	}
	if options.Namespace, err = flux.ParseNamespace(f.namespace); err != nil {
		return options, fmt.Errorf("--namespace: %w", err)
	}
	if options.GroupBy, err = flux.ParseGrouping(f.groupBy); err != nil {
		return options, fmt.Errorf("--group-by: %w", err)
	}
	if f.path == "" {
		if options.Path, err = flux.ParsePath(f.out); err != nil {
			return options, fmt.Errorf("--output: %w, with --path", err)
		}
	} else if options.Path, err = flux.ParsePath(f.path); err != nil {
		return options, fmt.Errorf("--path: %w", err)
	}
	return options, nil
}
