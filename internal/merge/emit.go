package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// IsUpToDate reports whether an existing policy equals the result of Merge, so that the next run
// leaves it unchanged.
func IsUpToDate(have *yaml.RNode, want *resource.Generated) bool {
	n, err := want.Node()
	return err == nil && isUpToDate(have, n.YNode())
}

func isUpToDate(have *yaml.RNode, want *yaml.Node) bool {
	return sameNode(have.YNode(), want) || !update(editableCopy(have).YNode(), want)
}

// refuseOthers rejects policies outside Emit that no other run of this fence would leave unchanged.
// Such a policy would reach the cluster although no run generates it.
func (m *merger) refuseOthers(items []*yaml.RNode) {
	if len(m.Emit) == 0 {
		return
	}
	orphans := map[string][]string{}
	for _, n := range items {
		// Local resources never reach the cluster.
		if !resource.IsLocalConfig(n) && !m.refuseDiffering(n) && m.orphaned(n) {
			owner := resource.ObjectOf(n).Owner()
			orphans[owner] = append(orphans[owner], resource.RefOf(n).String())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(orphans)) {
		slices.Sort(orphans[name])
		m.findings = append(m.findings, report.New(report.EmitPolicyOrphaned, report.Error, m.Config, "spec.emit", "policies of %q exist, but the build has no Tenant or nodes of this name (%s): they still apply, and no run with emit deletes them: delete them in their files, or run once without emit",
			name, strings.Join(orphans[name], ", ")))
	}
}

// refuseDiffering rejects a policy with the name of one that another run generates, if it differs
// from that one. It reports whether any run generates a policy of that name.
func (m *merger) refuseDiffering(n *yaml.RNode) bool {
	plan, owner := m.planned[resource.ID(n)], m.ownerOf(n)
	if plan != nil && !m.Emits(plan.Metadata) && (owner != thisFence || !isUpToDate(n, m.nodeOf(plan))) {
		m.report(report.Error, report.EmitPolicyDiffers, n, "", m.differenceMessage(n, plan, owner))
	}
	return plan != nil
}

// orphaned reports whether the owner of an undeclared policy is missing from the build. It rejects
// an undeclared policy of an existing tenant, or of none.
func (m *merger) orphaned(n *yaml.RNode) bool {
	if m.ownerOf(n) != thisFence || m.Emits(resource.MetadataOf(n)) {
		return false
	}
	if m.isKnownOwner(resource.ObjectOf(n).Owner()) {
		m.report(report.Error, report.EmitPolicyOrphaned, n, "", m.orphanMessage(n))
		return false
	}
	return true
}

// isKnownOwner reports whether a name is empty, or the name of a tenant or of nodes of the fence.
func (m *merger) isKnownOwner(name string) bool {
	return name == "" || slices.ContainsFunc(m.Fence.Owners(), func(o *policy.Owner) bool { return o.Name == name })
}

func (m *merger) orphanMessage(n *yaml.RNode) string {
	o := resource.ObjectOf(n)
	label, value, owner := resource.LabelFence, o.Fence, o.Owner()
	if owner == "" {
		return fmt.Sprintf("has the label %s: %s, but names no Tenant and no field declares it: no run with emit proves or deletes it: delete it, or remove the label", label, value)
	}
	return fmt.Sprintf("has the label %s: %s and belongs to %q, whose policies this run does not emit, but no field declares it: delete it, remove the label, or run once without emit, which deletes it", label, value, owner)
}

func (m *merger) differenceMessage(n *yaml.RNode, plan *resource.Generated, owner owner) string {
	of := fmt.Sprintf("has the name of a policy of %q, which this run does not emit", plan.Owner())
	if owner != thisFence {
		return of + ", but is " + string(owner) + ": rename it, or remove it from this build"
	}
	c := editableCopy(n)
	update(c.YNode(), m.nodeOf(plan))
	differences := Differences(n, c)
	return fmt.Sprintf("%s, but differs from the generated policy: %s: remove it from this build, or run once without emit, which corrects it", of, report.Brief(differences))
}
