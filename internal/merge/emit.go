package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// IsUpToDate reports whether an existing policy is what Merge makes of it: whether the next
// run leaves it unchanged.
func IsUpToDate(have, want *yaml.RNode) bool {
	return !update(editableCopy(have).YNode(), want.YNode())
}

// refuseOthers refuses, beside Emit, each policy that this run does not write and that no
// other run of this fence would leave as it is. It would reach the cluster although no run
// generates it.
func (m *merger) refuseOthers(items []*yaml.RNode) {
	if len(m.Emit) == 0 {
		return
	}
	orphans := map[string][]string{}
	for _, n := range items {
		// What is kept from the cluster never reaches it.
		if !resource.IsLocalConfig(n) && !m.refuseDiffering(n) && m.orphaned(n) {
			orphans[OwnerName(n)] = append(orphans[OwnerName(n)], resource.RefOf(n).String())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(orphans)) {
		slices.Sort(orphans[name])
		m.findings = append(m.findings, report.New(report.EmitPolicyOrphaned, report.Error, m.Config, "spec.emit", "this build has neither a Tenant nor nodes %q, and policies of it: %s: they still apply, and no run with emit deletes them: delete them in the files that hold them, or run once without emit",
			name, strings.Join(orphans[name], ", ")))
	}
}

// refuseDiffering refuses a policy of the name of one that another run writes, where it is
// not that one. It reports whether some run writes one of that name.
func (m *merger) refuseDiffering(n *yaml.RNode) bool {
	plan, owner := m.planned[resource.ID(n)], m.ownerOf(n)
	if plan != nil && !m.Emits(plan) && (owner != thisFence || !IsUpToDate(n, plan)) {
		m.report(report.Error, report.EmitPolicyDiffers, n, "", m.differenceMessage(n, plan, owner))
	}
	return plan != nil
}

// orphaned reports whether a policy that no field declares has an owner that is not in the
// build. It refuses one of a tenant in the build, or of no tenant, itself.
func (m *merger) orphaned(n *yaml.RNode) bool {
	if m.ownerOf(n) != thisFence || m.Emits(n) {
		return false
	}
	if m.isKnownOwner(OwnerName(n)) {
		m.report(report.Error, report.EmitPolicyOrphaned, n, "", m.orphanMessage(n))
		return false
	}
	return true
}

// isKnownOwner reports whether a name is empty, or that of a tenant or of nodes of the fence.
func (m *merger) isKnownOwner(name string) bool {
	return name == "" || slices.ContainsFunc(m.Fence.Tenants, func(t policy.Tenant) bool { return t.Name == name }) ||
		slices.ContainsFunc(m.Fence.Nodes, func(n policy.Node) bool { return n.Name == name })
}

// orphanMessage is why a policy that nothing asks for is refused.
func (m *merger) orphanMessage(n *yaml.RNode) string {
	label, value := resource.LabelFence, resource.FenceOf(n)
	if OwnerName(n) == "" {
		return fmt.Sprintf("has the label %s: %s, names no Tenant, and no field asks for it: no run with emit proves or deletes it: delete it, or remove the label", label, value)
	}
	return fmt.Sprintf("has the label %s: %s and the name of %q, whose policies this run does not emit, and no field asks for it: delete it, remove the label, or run once without emit, which deletes it", label, value, OwnerName(n))
}

// differenceMessage is why a policy is refused that has the name of one that another run writes.
func (m *merger) differenceMessage(n, plan *yaml.RNode, owner owner) string {
	of := fmt.Sprintf("has the name of a policy of %q, which this run does not emit", OwnerName(plan))
	if owner != thisFence {
		return of + ", and is " + string(owner) + ": rename it, or remove it from this build"
	}
	c := editableCopy(n)
	update(c.YNode(), plan.YNode())
	differences := Differences(n, c)
	return fmt.Sprintf("%s, and is not what the function generates: %s: remove it from this build, or run once without emit, which corrects it", of, policy.Brief(differences))
}
