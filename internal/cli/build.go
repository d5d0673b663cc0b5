package cli

import (
	"bytes"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/output"
)

func newBuild() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "build [DIR]",
		Short: "Build a kustomization with its fence, as kustomize build would, without plugin flags",
		Long: `Build a kustomization with its fence and print what kustomize build
--enable-alpha-plugins --enable-exec would, byte for byte, without these flags.

DIR is the folder of the kustomization; omitted, it is the current one. No function
but TenantFence is ever run.`,
		Example: `  tenantfence build kustomization-examples/soctalk
  tenantfence build kustomization-examples/soctalk --output table`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return build(cmd, dir, format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "yaml", `what to print: "yaml", the build, or "table", the policies in it and who asked for them`)
	return cmd
}

func build(cmd *cobra.Command, dir, format string) error {
	if format != "yaml" && format != "table" {
		return fmt.Errorf(`--output %q: say "yaml" or "table"`, format)
	}
	b, err := runBuild(cmd, dir)
	if err != nil {
		return err
	}
	if format == "table" {
		items, err := readBuild(b.data)
		if err != nil {
			return fmt.Errorf("read the build: %w", err)
		}
		return output.Table(cmd.OutOrStdout(), items)
	}
	if _, err := bytes.NewReader(b.data).WriteTo(cmd.OutOrStdout()); err != nil {
		return fmt.Errorf("write the build: %w", err)
	}
	return nil
}

// built is a build, and what it needs of objects that are not to be printed.
type built struct {
	data []byte
	// needs are lines for a person: what Namespaces and Services still lack.
	needs []string
}

// runBuild builds a kustomization with its fence, and says on stderr what was found.
func runBuild(cmd *cobra.Command, dir string) (built, error) {
	var b built
	err := watched(cmd, func(p *output.Progress) error {
		options, err := buildOptions(cmd, p)
		if err != nil {
			return err
		}
		options.Function = func(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
			r, err := fn.Process(config, items, fn.Options{Progress: p.Tell})
			if werr := fn.Report(cmd.ErrOrStderr(), r, err, detail(cmd)); werr != nil {
				return nil, werr
			}
			b.needs = append(b.needs, r.Needs...)
			return r.Items, err
		}
		fellBack, say := false, options.Fallback
		options.Fallback = func(reason string) {
			fellBack = true
			say(reason)
			b.needs = append(b.needs, "the labels and loadBalancerSourceRanges that tenantfence build sets; which is not known here, since kustomize itself built this: "+reason)
		}
		p.Tell("building "+dir, 0, 0)
		b.data, err = kustomize.Build(filesys.MakeFsOnDisk(), dir, options)
		if err != nil || !fellBack {
			return err
		}
		return refuseMoved(cmd, b.data)
	})
	return b, err
}

// buildOptions say how every build falls back.
func buildOptions(cmd *cobra.Command, p *output.Progress) (kustomize.Options, error) {
	executable, err := os.Executable()
	if err != nil {
		return kustomize.Options{}, fmt.Errorf("find this program: %w", err)
	}
	return kustomize.Options{
		Executable: executable,
		Fallback: func(reason string) {
			// From here on others write to stderr, too.
			p.Tell("", 0, 0)
			// Nothing better can be done where stderr itself fails.
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "tenantfence: kustomize itself builds this, which takes longer: %s\n", reason)
		},
	}, nil
}

// refuseMoved looks at what kustomize did after the fence.
func refuseMoved(cmd *cobra.Command, data []byte) error {
	items, err := readBuild(data)
	if err != nil {
		return fmt.Errorf("read the build: %w", err)
	}
	return refusal(cmd.ErrOrStderr(), lint.Moved(items), nil)
}
