package proof

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/lint"
	"github.com/tenantfence/tenantfence/internal/merge"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// notRunHint names the likely cause where all policies are missing.
const notRunHint = "did the function run? kustomize skips it silently without --enable-alpha-plugins and --enable-exec; tenantfence build needs no flags"

// comparison compares a finished build with the result of running the function on it. Without changes
// the policies are as generated.
type comparison struct {
	options merge.Options
	// inSlice reports whether a policy counts.
	inSlice               func(*resource.Generated) bool
	finished, regenerated map[report.Ref]*yaml.RNode
	// desired are the policies that this run generates.
	desired map[report.Ref]*resource.Generated
	// movedTo and movedFrom are the policies that a layer moved or renamed: as they are now, and as
	// they were generated.
	movedTo, movedFrom map[report.Ref]bool

	// adopted are the hand-written policies that the function would replace.
	adopted map[report.Ref]report.Ref

	counts   report.Comparison
	findings report.Findings
}

// compare compares finished policies with the desired policies of all stages. It counts those of a slice.
func compare(o merge.Options, slice report.Slice, finished []*yaml.RNode, desired []*resource.Generated) (report.Comparison, report.Findings, error) {
	owned := resource.OwnershipOf(o.Fence)
	finished, _ = resource.Deduplicate(finished)
	merged, findings := merge.Merge(o, finished, desired)
	c := comparison{options: o, inSlice: func(g *resource.Generated) bool { return slice.Includes(owned.TenantOfGenerated(g)) }, finished: resource.ByID(finished), regenerated: resource.ByID(merged.Existing), desired: map[report.Ref]*resource.Generated{}, findings: findings}
	c.adopted, _ = adoptions(merged.Adopted)
	var expected []*resource.Generated
	for _, g := range desired {
		if o.Touches(g.Metadata) {
			c.desired[g.ID()], expected = g, append(expected, g)
			if c.inSlice(g) {
				c.counts.Desired++
			}
		}
	}
	if err := c.findMoved(finished, expected); err != nil {
		return c.counts, c.findings, err
	}
	c.checkKept(finished, resource.GeneratedByID(desired))
	var missing report.Findings
	for _, change := range merged.Changes {
		if f := c.countChange(change); f != nil {
			missing = append(missing, *f)
		}
	}
	if c.counts.AllMissing() {
		missing = report.Findings{c.allMissing()}
	}
	c.findings = append(c.findings, missing...)
	return c.counts, c.findings, nil
}

// findMoved excludes policies that a layer moved or renamed from the comparison. Otherwise each would be
// both missing and unexpected.
func (c *comparison) findMoved(finished []*yaml.RNode, expected []*resource.Generated) error {
	c.movedTo, c.movedFrom = map[report.Ref]bool{}, map[report.Ref]bool{}
	nodes, err := resource.Nodes(expected)
	if err != nil {
		return err
	}
	renames := lint.Renamed(nodes, finished)
	for _, r := range renames {
		c.movedTo[resource.IDOf(r.To)], c.movedFrom[resource.IDOf(r.From)] = true, true
	}
	c.findings = append(c.findings, lint.RefuseRenamed(c.options.Config, renames)...)
	for _, f := range lint.Moved(finished) {
		from := resource.IDOf(f.Resource)
		if c.movedTo[from] || c.desired[from] != nil {
			continue
		}
		c.findings = append(c.findings, f)
		c.movedTo[from] = true
		from.Namespace = resource.ObjectOf(c.finished[from]).Namespace
		c.movedFrom[from] = true
	}
	return nil
}

// checkKept checks the policies of stages that are not listed, which a run keeps unchanged. A run
// that lists the stage would change or delete those that differ.
func (c *comparison) checkKept(finished []*yaml.RNode, desired map[report.Ref]*resource.Generated) {
	for _, n := range finished {
		id := resource.ID(n)
		if !c.options.Owns(n) || resource.IsLocalConfig(n) || c.desired[id] != nil || c.regenerated[id] == nil || c.movedTo[id] {
			continue
		}
		switch plan := desired[id]; {
		case plan == nil && c.options.Emits(resource.MetadataOf(n)):
			c.counts.Unexpected++
			c.unexpected(resource.RefOf(n))
		case plan != nil && c.options.Emits(plan.Metadata) && !merge.IsUpToDate(n, plan):
			c.report(report.PolicyChanged, resource.RefOf(n), "is not as generated, and its stage is not listed here: run the layer that lists the stage, or find the layer that changes the policy")
		}
	}
}

func (c *comparison) unexpected(ref report.Ref) {
	c.report(report.PolicyUnexpected, ref, "has the label of fence %s, and no Tenant or profile declares it: build again to remove it, or remove it from its source", c.options.Fence.Name)
}

// countChange counts a change that the function would make, and reports it. A missing policy is
// returned and not reported: if all policies are missing, one finding replaces these findings.
func (c *comparison) countChange(change report.Change) *report.Finding {
	id := resource.IDOf(change.Ref)
	by, adopted := c.adopted[id]
	switch {
	case adopted:
		c.report(report.AdoptedPolicyPresent, change.Ref, "is still applied, although %s/%s replaces it (spec.adopt of the TenantFence): delete it from its source, or build again if the output is older than this entry", by.Kind, by.Name)
	case change.Action == report.Created && c.movedFrom[id]:
		c.counts.Moved++
	case change.Action == report.Created:
		c.counts.Missing++
		f := report.New(report.PolicyMissing, report.Error, change.Ref, "", "is missing, and is needed for %s: build again, or find the layer that removes or renames it", truncatedList(c.desired[id].Reasons))
		return &f
	case change.Action == report.Deleted && !c.movedTo[id]:
		c.counts.Unexpected++
		c.unexpected(change.Ref)
	case change.Action == report.Configured:
		c.changed(change.Ref, id)
	case change.Action == report.Unchanged && c.desired[id] != nil && c.inSlice(c.desired[id]):
		c.counts.Matching++
	}
	return nil
}

// maxShown is the number of texts that a list shows.
const maxShown = 3

func (c *comparison) changed(ref, id report.Ref) {
	text := report.Brief(merge.Differences(c.finished[id], c.regenerated[id]))
	if c.desired[id] == nil {
		c.report(report.PatchMissing, ref, "lacks a change of the function: %s: set it in the file that declares the resource, build again, or find the layer that reverts it", text)
		return
	}
	c.counts.Changed++
	c.report(report.PolicyChanged, ref, "is not as generated: %s: build again, or find the layer that changes it; declare intended changes in a Tenant or the profile", text)
}

func (c *comparison) report(check *report.Check, ref report.Ref, format string, args ...any) {
	c.findings = append(c.findings, report.New(check, report.Error, ref, "", format, args...))
}

func (c *comparison) allMissing() report.Finding {
	which := fmt.Sprintf("all %d generated policies are missing", c.counts.Desired)
	if c.counts.Desired == 1 {
		which = "the only generated policy is missing"
	}
	return report.New(report.PolicyMissing, report.Error, c.options.Config, "", "%s", which+", so flows and isolation are not decided: "+notRunHint)
}
