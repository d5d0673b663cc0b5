package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/draft"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/output"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func newInit() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Write a first fence for an existing kustomization: its Tenants, and the flows that it names",
		Long: `Read the kustomization DIR and write a fence for it into a new folder: a
kustomization.yaml that lists DIR, a FenceProfile, a Tenant for each namespace with
workloads, and a FlowTest. Nothing that exists is changed.

The Tenants have the flows that the manifests name: Services and hosts in variables,
arguments and ConfigMaps, routes, exposed Services, monitors, webhooks, roles of
ServiceAccounts, existing policies, and what known operators need. A comment above each
flow names its evidence. Of Secrets, only hosts and ports of connections are written.

The fence is in AllowOnly, so it denies nothing. The command prints what it chose, what
you must review, and what the manifests do not show.

The exit status is 0 if the new fence builds, and 1 if its build has errors. It is 2 if
the arguments or the kustomization cannot be read.`,
		Example: `  tenantfence init deploy
  tenantfence init clusters/prod/apps --output-dir clusters/prod/fence`,
		Args:              requireArgument,
		ValidArgsFunction: completeDirs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return initFence(cmd, args[0], out)
		},
	}
	addKustomizeFlags(cmd)
	cmd.Flags().StringVar(&out, "output-dir", "", "the folder to write, which is new or empty (default DIR-fence)")
	complete(cmd, "output-dir", completeDirs)
	return cmd
}

func initFence(cmd *cobra.Command, dir, out string) error {
	place, err := newFencePlace(dir, out)
	if err != nil {
		return err
	}
	items, err := unfencedItems(cmd, dir)
	if err != nil {
		return err
	}
	index, findings := readUnfenced(items)
	if findings.HasError() {
		return newRunReport(cmd, dir).refuse(findings)
	}
	if len(index.Workloads) == 0 {
		return fmt.Errorf("%s: has no workloads, so no namespace needs a Tenant: name the kustomization that lists the workloads", dir)
	}
	var c checkedDraft
	err = withProgress(cmd, func(p *output.Progress) error {
		if c, err = checkDraft(items, index, place.name, fn.Options{Progress: p.Update, Debug: debugger(cmd)}); err == nil {
			c.countOpened(items, place.name, p.Update)
		}
		return err
	})
	if err != nil {
		return err
	}
	files, err := c.draft.Files(place.name, place.base)
	if err != nil {
		return err
	}
	if err := writeNewFolder(place.out, files); err != nil {
		return err
	}
	if err := checkWritten(cmd, place); err != nil {
		return err
	}
	return reportDraft(cmd, place, files, c)
}

// checkWritten builds the new kustomization without its function: paths and names in it must be those that kustomize
// reads.
func checkWritten(cmd *cobra.Command, place fencePlace) error {
	o := kustomizeOptions(cmd)
	o.Function = passThrough
	if _, err := kustomize.Build(filesys.MakeFsOnDisk(), place.out, o); err != nil {
		return fmt.Errorf("%s: was written, and kustomize does not build it: %w", place.displayPath, err)
	}
	return nil
}

// readUnfenced reads the items of a build without a fence.
func readUnfenced(items []*yaml.RNode) (*resource.Index, report.Findings) {
	if findings := resource.MalformedItems(items); len(findings) > 0 {
		return nil, findings
	}
	_, index, findings := generate.Read(yaml.MustParse(anyFence), items)
	return index, findings
}

// anyFence is a fence with which items are read that have none. With its Tenant, a Tenant of another API group is no
// typing error.
const anyFence = `{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: init}, spec: {tenants: [{name: init}], profile: {cluster: {cni: Cilium, ciliumVersion: "` + cilium.Newest + `"}}}}`

// unfencedItems builds the existing kustomization.
func unfencedItems(cmd *cobra.Command, dir string) ([]*yaml.RNode, error) {
	items, err := kustomize.Unfenced(filesys.MakeFsOnDisk(), dir, kustomizeOptions(cmd))
	var fenced *kustomize.FencedError
	if errors.As(err, &fenced) {
		return nil, fmt.Errorf("%s already lists a TenantFence: init writes the first fence of a kustomization: add a Tenant to it instead, or run init on the layer below it", fenced.Where)
	}
	if findings := findingsOf(err); len(findings) > 0 {
		return nil, newRunReport(cmd, dir).refuse(findings)
	}
	if err != nil {
		return nil, err
	}
	for _, n := range items {
		switch {
		case resource.Group(n) == v1alpha1.Group && slices.Contains(writtenKinds, n.GetKind()):
			return nil, fmt.Errorf("%s: has a %s already (%s): init writes the first fence: list a TenantFence under transformers of a layer above, or remove the %s", dir, n.GetKind(), n.GetName(), n.GetKind())
		case resource.FenceOf(n) != "":
			return nil, fmt.Errorf("%s: has the generated policy %s/%s, so it is a rendered build: run init on the kustomization that it was rendered from", dir, n.GetNamespace(), n.GetName())
		}
	}
	return items, nil
}

// writtenKinds are the kinds that init writes.
var writtenKinds = []string{v1alpha1.KindTenant, v1alpha1.KindFenceProfile, v1alpha1.KindFlowTest, v1alpha1.KindTenantFence}

// reportDraft prints what was written and why, and what remains to do.
func reportDraft(cmd *cobra.Command, place fencePlace, files []draft.File, c checkedDraft) error {
	w := &noteWriter{w: cmd.OutOrStdout()}
	if detail(cmd) == output.Quiet {
		return w.quiet(c, place)
	}
	flows := 0
	for _, t := range c.draft.Tenants {
		flows += len(t.Spec.Ingress) + len(t.Spec.Egress)
	}
	w.line("%s: wrote %s: %s with %s", place.displayPath, report.Count(len(files), "file"), report.Count(len(c.draft.Tenants), "Tenant"), report.Count(flows, "flow"))
	w.list("Chosen:", c.draft.Notes.Chosen)
	w.notes("Review, because the manifests leave it open:", append(c.draft.Notes.Review, c.opened.notes(cmd, place)...))
	w.notes("Not visible in the build:", append(c.draft.Notes.Unseen, c.inferredGaps()...))
	w.outcome(c, place)
	w.list("Next:", nextSteps(cmd, place, c))
	if w.err == nil && c.result.Findings.HasError() {
		return errFindings
	}
	return w.err
}
