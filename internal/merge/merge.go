// Package merge merges the desired policies into the items of a build. It changes only policies of
// this fence that differ, and the aspects of other policies that their authors list in an
// annotation. It is pure: it never changes the input items.
package merge

import (
	"cmp"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Options select the policies to merge.
type Options struct {
	// Fence is the resolved fence. Its name identifies its policies. Its tenants, cluster and
	// baseline determine how hand-written policies are patched.
	Fence *policy.Fence
	// Config is the fence's own configuration, to which findings about the whole fence refer.
	Config report.Ref
	// FormerNames are former names of the fence. Policies with these names belong to it too.
	FormerNames []string
	// Adopt are hand-written policies that generated policies of other names replace.
	Adopt []v1alpha1.Adoption
	// Stages are the stages whose policies this run creates, configures and deletes.
	Stages []v1alpha1.Stage
	// Emit are the tenants and nodes whose policies this run changes. Empty: all of them. Policies
	// of others must already be as desired, because other runs write them.
	Emit []string
	// TenantsUnreadable reports that some Tenants are invalid, which is an error. Unclaimed
	// namespaces may belong to them.
	TenantsUnreadable bool
	// NoTenantsRead reports that no Tenant exists, and no item shows that Tenants were part of the
	// input. Then no policy of this fence may be deleted.
	NoTenantsRead bool
}

// Result is the build after the merge.
type Result struct {
	// Items are all items. Those that were created, and replace no other policy, are the last.
	Items []*yaml.RNode
	// Existing are the items before these.
	Existing []*yaml.RNode
	// Changes has the policies of this fence, and the resources with patched aspects, sorted by
	// kind, namespace and name.
	Changes report.Changes
	// Adopted are hand-written policies that were adopted. Their specs are now generated, or they
	// are removed.
	Adopted []Adoption
}

// Merge returns the items with the desired policies. If a finding is an error, the result must not
// be used.
func Merge(o Options, items, desired []*yaml.RNode) (Result, report.Findings) {
	m := newMerger(o, items, desired)
	m.refuseNoTenants(items)
	m.refuseDuplicates(items)
	m.refuseOthers(items)
	m.refuseAdoptions(items)
	for _, n := range items {
		m.item(n)
	}
	existing := len(m.result.Items)
	m.create(desired)
	m.result.Existing = m.result.Items[:existing:existing]
	slices.SortStableFunc(m.result.Changes, func(a, b report.Change) int {
		return cmp.Or(cmp.Compare(a.Ref.Kind, b.Ref.Kind), cmp.Compare(a.Ref.Namespace, b.Ref.Namespace), cmp.Compare(a.Ref.Name, b.Ref.Name),
			cmp.Compare(a.Ref.File, b.Ref.File), cmp.Compare(a.Action, b.Action))
	})
	return m.result, m.findings
}

type merger struct {
	Options
	// expected has the desired policies of the stages that run. planned has those of all stages.
	expected, planned map[report.Ref]*yaml.RNode
	// existing counts the items of each identity, without equal copies.
	existing map[report.Ref]int
	files    files

	result   Result
	findings report.Findings
}

func newMerger(o Options, items, desired []*yaml.RNode) *merger {
	m := &merger{
		Options: o, expected: map[report.Ref]*yaml.RNode{}, planned: map[report.Ref]*yaml.RNode{},
		existing: map[report.Ref]int{}, files: filesOf(items),
	}
	for _, n := range desired {
		id := resource.ID(n)
		if m.planned[id] != nil {
			m.report(report.Error, report.PolicyDuplicate, n, "", "is generated twice with different content: this is a bug of tenantfence: report it with the Tenants")
		}
		m.planned[id] = n
		if m.Touches(n) {
			m.expected[id] = n
		}
	}
	distinct, _ := resource.Deduplicate(items)
	for _, n := range distinct {
		m.existing[resource.ID(n)]++
	}
	return m
}

func (m *merger) item(n *yaml.RNode) {
	id, owner := resource.ID(n), m.ownerOf(n)
	want, expected := m.expected[id]
	switch {
	case owner == handWritten:
		m.handWritten(n)
	case expected && owner == thisFence:
		m.configure(n, want)
	case expected:
		m.findings = append(m.findings, m.conflictFinding(n, owner))
	case owner == thisFence && m.isObsolete(n):
		m.recordChange(report.Deleted, n)
	default:
		m.keep(n)
	}
}

// handWritten adopts, patches or keeps an item that no fence generates.
func (m *merger) handWritten(n *yaml.RNode) {
	id, entry := resource.ID(n), m.adoptionOf(n)
	switch want, expected := m.expected[id]; {
	case expected && (isAdoptable(n) || entry >= 0):
		m.adopt(n, want)
	case expected:
		m.findings = append(m.findings, m.conflictFinding(n, handWritten))
	case entry >= 0 && m.planned[id] == nil:
		m.adoptAs(n, entry)
	default:
		m.patch(n)
	}
}

// configure changes a policy of this fence to the desired one. If it is equal, the original item is
// kept.
func (m *merger) configure(have, want *yaml.RNode) {
	c := editableCopy(have)
	if !update(c.YNode(), want.YNode()) {
		c = have
	}
	m.recordPatched(have, c)
}

func (m *merger) create(desired []*yaml.RNode) {
	for _, n := range desired {
		if id := resource.ID(n); m.expected[id] != n || m.existing[id] > 0 {
			continue
		}
		c := m.files.withFile(n)
		m.recordChange(report.Created, c)
		m.keep(c)
	}
}

func (m *merger) keep(n *yaml.RNode) { m.result.Items = append(m.result.Items, n) }

func (m *merger) recordChange(a report.Action, n *yaml.RNode) {
	m.result.Changes = append(m.result.Changes, report.Change{Action: a, Ref: resource.RefOf(n)})
}

// isObsolete reports whether a policy of this fence is deleted: it is not planned, and its stage
// runs or is unknown.
func (m *merger) isObsolete(n *yaml.RNode) bool {
	staged := slices.Contains(v1alpha1.Stages(), resource.ObjectOf(n).Stage)
	return m.planned[resource.ID(n)] == nil && (m.Touches(n) || !staged && m.Emits(n))
}

// Touches reports whether this run creates, configures or deletes a policy of the fence: its stage
// runs, and its owner is emitted.
func (o Options) Touches(n *yaml.RNode) bool {
	return slices.Contains(o.Stages, resource.ObjectOf(n).Stage) && o.Emits(n)
}

// Emits reports whether the owner of a policy is emitted.
func (o Options) Emits(n *yaml.RNode) bool {
	return len(o.Emit) == 0 || slices.Contains(o.Emit, resource.ObjectOf(n).Owner())
}

// Owns reports whether a policy belongs to this fence.
func (o Options) Owns(n *yaml.RNode) bool { return o.ownerOf(n) == thisFence }

func (m *merger) report(severity report.Severity, check *report.Check, n *yaml.RNode, field, message string) {
	m.findings = append(m.findings, report.New(check, severity, resource.RefOf(n), field, "%s", message))
}
