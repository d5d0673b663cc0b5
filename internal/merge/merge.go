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
	// Existing are the items, without those that were removed. Policies that replace others have their places.
	Existing []*yaml.RNode
	// Created are the policies that follow.
	Created []*resource.Generated
	// Changes has the policies of this fence, and the resources with patched aspects, sorted by
	// kind, namespace and name.
	Changes report.Changes
	// Adopted are hand-written policies that were adopted. Their specs are now generated, or they
	// are removed.
	Adopted []Adoption
}

// Items are all items.
func (r Result) Items() ([]*yaml.RNode, error) {
	created, err := resource.Nodes(r.Created)
	return slices.Concat(r.Existing, created), err
}

// Merge returns the items with the desired policies. If a finding is an error, the result must not
// be used.
func Merge(o Options, items []*yaml.RNode, desired []*resource.Generated) (Result, report.Findings) {
	m := newMerger(o, items, desired)
	m.refuseNoTenants(items)
	m.refuseDuplicates(items)
	m.refuseOthers(items)
	m.refuseAdoptions(items)
	for _, n := range items {
		m.item(n)
	}
	m.create(desired)
	slices.SortStableFunc(m.result.Changes, func(a, b report.Change) int {
		return cmp.Or(cmp.Compare(a.Ref.Kind, b.Ref.Kind), cmp.Compare(a.Ref.Namespace, b.Ref.Namespace), cmp.Compare(a.Ref.Name, b.Ref.Name),
			cmp.Compare(a.Ref.File, b.Ref.File), cmp.Compare(a.Action, b.Action))
	})
	return m.result, m.findings
}

type merger struct {
	Options
	// expected has the desired policies of the stages that run. planned has those of all stages.
	expected, planned map[report.Ref]*resource.Generated
	// existing counts the items of each identity, without equal copies.
	existing map[report.Ref]int
	files    files

	result   Result
	findings report.Findings
}

func newMerger(o Options, items []*yaml.RNode, desired []*resource.Generated) *merger {
	m := &merger{
		Options: o, expected: map[report.Ref]*resource.Generated{}, planned: map[report.Ref]*resource.Generated{},
		existing: map[report.Ref]int{}, files: filesOf(items),
	}
	for _, g := range desired {
		id := g.ID()
		if m.planned[id] != nil {
			m.findings = append(m.findings, report.New(report.PolicyDuplicate, report.Error, g.Ref, "", "is generated twice with different content: this is a bug of tenantfence: report it with the Tenants"))
		}
		m.planned[id] = g
		if m.Touches(g.Metadata) {
			m.expected[id] = g
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
func (m *merger) configure(have *yaml.RNode, want *resource.Generated) {
	c := editableCopy(have)
	if !update(c.YNode(), m.nodeOf(want)) {
		c = have
	}
	m.recordPatched(have, c)
}

func (m *merger) create(desired []*resource.Generated) {
	for _, g := range desired {
		if id := g.ID(); m.expected[id] != g || m.existing[id] > 0 {
			continue
		}
		if m.files != nil {
			g = resource.GeneratedFrom(m.files.withFile(yaml.NewRNode(m.nodeOf(g))))
		}
		m.result.Changes = append(m.result.Changes, report.Change{Action: report.Created, Ref: g.Ref})
		m.result.Created = append(m.result.Created, g)
	}
}

// nodeOf is the node of a desired policy.
func (m *merger) nodeOf(g *resource.Generated) *yaml.Node {
	n, err := g.Node()
	if err != nil {
		m.findings = append(m.findings, report.New(report.ResourceUnreadable, report.Error, g.Ref, "", "%v: this is a bug of tenantfence: report it with the Tenants", err))
		return &yaml.Node{Kind: yaml.MappingNode}
	}
	return n.YNode()
}

func (m *merger) keep(n *yaml.RNode) { m.result.Existing = append(m.result.Existing, n) }

func (m *merger) recordChange(a report.Action, n *yaml.RNode) {
	m.result.Changes = append(m.result.Changes, report.Change{Action: a, Ref: resource.RefOf(n)})
}

// isObsolete reports whether a policy of this fence is deleted: it is not planned, and its stage
// runs or is unknown.
func (m *merger) isObsolete(n *yaml.RNode) bool {
	o := resource.MetadataOf(n)
	staged := slices.Contains(v1alpha1.Stages(), o.Stage)
	return m.planned[resource.ID(n)] == nil && (m.Touches(o) || !staged && m.Emits(o))
}

// Touches reports whether this run creates, configures or deletes a policy of the fence: its stage
// runs, and its owner is emitted.
func (o Options) Touches(p resource.Metadata) bool {
	return slices.Contains(o.Stages, p.Stage) && o.Emits(p)
}

// Emits reports whether the owner of a policy is emitted.
func (o Options) Emits(p resource.Metadata) bool {
	return len(o.Emit) == 0 || slices.Contains(o.Emit, p.Owner())
}

// Owns reports whether a policy belongs to this fence.
func (o Options) Owns(n *yaml.RNode) bool { return o.ownerOf(n) == thisFence }

func (m *merger) report(severity report.Severity, check *report.Check, n *yaml.RNode, field, message string) {
	m.findings = append(m.findings, report.New(check, severity, resource.RefOf(n), field, "%s", message))
}
