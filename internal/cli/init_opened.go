package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/draft"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// opened is what a fence in AllowOnly opens. Without policies in the build, nothing was denied before.
type opened struct {
	connections int
	// undecided reports that the builds cannot be compared.
	undecided bool
}

// countOpened compares the items with the build of the draft.
func (c *checkedDraft) countOpened(items []*yaml.RNode, name string, progress report.Progress) {
	if !slices.ContainsFunc(items, resource.IsPolicy) || c.result.Findings.HasError() {
		return
	}
	differences, err := c.compare(items, name, progress)
	c.opened.undecided = err != nil
	for _, d := range differences {
		if d.Opens() {
			c.opened.connections += d.Count
		}
	}
}

func (c *checkedDraft) compare(items []*yaml.RNode, name string, progress report.Progress) ([]report.Difference, error) {
	run, err := c.run(items, name, v1alpha1.AllowOnly)
	if err != nil {
		return nil, err
	}
	after, err := proof.Verification{Items: c.result.Items, Runs: []proof.Run{run}, CompleteOutput: true, Progress: progress}.Questions(proof.AsApplied)
	if err != nil {
		return nil, err
	}
	before, err := proof.Verification{Items: copyItems(items), Assumed: after.Desired.Fence, Progress: progress}.Questions(proof.AsApplied)
	if err != nil {
		return nil, err
	}
	return proof.Diff(before, after)
}

// notes are for the reader's review.
func (o opened) notes(cmd *cobra.Command, p fencePlace) []draft.Note {
	diff := fmt.Sprintf("tenantfence diff %s%s %s", givenKustomizeFlags(cmd), p.dir, p.displayPath)
	note := draft.Note{Subjects: []string{"existing policies"}}
	switch {
	case o.undecided:
		note.Text = "what they deny and the fence opens cannot be decided: " + diff + " prints why"
	case o.connections > 0:
		note.Text = fmt.Sprintf("the fence opens %s that they deny: %s lists what it opens", report.Count(o.connections, "connection"), diff)
	default:
		return nil
	}
	return []draft.Note{note}
}
