package cli

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/policy"
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
	b, err := runBuild(cmd, dir, nil)
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
	// needs are lines for a person: what Namespaces, Services and patched policies still lack.
	needs []string
	// fellBack says that kustomize itself built it.
	fellBack bool
}

// runBuild builds a kustomization with its fence, and says on stderr what was found. Before
// are the policies that an earlier run wrote elsewhere.
func runBuild(cmd *cobra.Command, dir string, before []*yaml.RNode) (built, error) {
	var b built
	err := watched(cmd, func(p *output.Progress) error {
		options, err := buildOptions(cmd, p)
		if err != nil {
			return err
		}
		record, remove, err := newRecord()
		if err != nil {
			return err
		}
		defer remove()
		options.Arguments = append(options.Arguments, "--"+writtenFlag, record)
		options.Function = func(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
			r, err := fn.Process(config, items, fn.Options{Progress: p.Tell, Before: before})
			if werr := fn.Report(cmd.ErrOrStderr(), r, err, detail(cmd)); werr != nil {
				return nil, werr
			}
			b.needs = append(b.needs, r.Needs...)
			return r.Items, err
		}
		say := options.Fallback
		options.Fallback = func(reason string) {
			b.fellBack = true
			say(reason)
			b.needs = append(b.needs, "the labels and loadBalancerSourceRanges that tenantfence build sets; which is not known here, since kustomize itself built this: "+reason)
		}
		p.Tell("building "+dir, 0, 0)
		b.data, err = kustomize.Build(filesys.MakeFsOnDisk(), dir, options)
		if findings := findingsOf(err); len(findings) > 0 {
			return refusal(cmd.ErrOrStderr(), findings, nil)
		}
		if err != nil || !b.fellBack {
			return err
		}
		return refuseMoved(cmd, b.data, record)
	})
	return b, err
}

// findingsOf are the findings in the error of a build, none where it is another one.
func findingsOf(err error) policy.Findings {
	var malformed *kustomize.MalformedError
	if errors.As(err, &malformed) {
		return malformed.Findings
	}
	var refused *refusedError
	if errors.As(err, &refused) {
		return refused.findings
	}
	var unseen *kustomize.UnseenError
	if !errors.As(err, &unseen) {
		return nil
	}
	var out policy.Findings
	for _, ref := range unseen.Items {
		out = append(out, fn.OutsideFence(ref))
	}
	return out.Sort()
}

// buildOptions say how every build falls back.
func buildOptions(cmd *cobra.Command, p *output.Progress) (kustomize.Options, error) {
	executable, err := os.Executable()
	if err != nil {
		return kustomize.Options{}, fmt.Errorf("find this program: %w", err)
	}
	seen := rand.Text()
	return kustomize.Options{
		Executable: executable, Arguments: []string{"--" + seenFlag, seen}, Seen: seen,
		Fallback: func(reason string) {
			// From here on others write to stderr, too.
			p.Tell("", 0, 0)
			// Nothing better can be done where stderr itself fails.
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "tenantfence: kustomize itself builds this, which takes longer: %s\n", reason)
		},
	}, nil
}

// refuseMoved looks at what kustomize did after the fence: whether a layer above it moved or
// renamed the policies that the function wrote down in a file.
func refuseMoved(cmd *cobra.Command, data []byte, record string) error {
	items, err := readBuild(data)
	if err != nil {
		return fmt.Errorf("read the build: %w", err)
	}
	written, err := readWritten(record)
	if err != nil {
		return err
	}
	return refusal(cmd.ErrOrStderr(), lint.Above(written, items), nil)
}
