// Package merge puts the desired policies among the items of a build, in place: of
// what this fence wrote before it changes only what differs, and what others wrote
// it leaves alone, but for what they asked to have patched. It is pure: the items
// that are handed in are never changed.
package merge

import (
	"cmp"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Options say whose policies are merged, and which of them.
type Options struct {
	// Fence is the resolved fence: its name makes a policy mine, and its tenants,
	// cluster and baseline say how hand-written policies are patched.
	Fence *policy.Fence
	// Config is the fence's own configuration, which findings about all of it name.
	Config report.Ref
	// FormerNames are names that the fence had: policies of those are mine, too.
	FormerNames []string
	// Stages are those that this run creates, configures and deletes.
	Stages []v1alpha1.Stage
	// Emit are the tenants, and nodes, whose policies are touched. None: everybody's. Policies
	// of others must be as they are desired: other runs write them.
	Emit []string
	// TenantsUnreadable reports that some Tenants cannot be read, which is an error: what looks
	// unclaimed may be theirs.
	TenantsUnreadable bool
	// NoTenantsRead says that there is no Tenant, and nothing among the items that
	// shows that they were read at all: then nothing of mine may be deleted.
	NoTenantsRead bool
}

// Result is the build after the merge.
type Result struct {
	Items []*yaml.RNode
	// Changes tell of the policies of this fence, and of the resources that were
	// patched or were right already, sorted by kind, namespace and name.
	Changes report.Changes
	// Adopted are hand-written policies that were taken over: their specs are generated
	// from now on.
	Adopted []report.Ref
}

// Merge returns the items with the desired policies among them. Where a finding is
// an error the result is not to be used.
func Merge(o Options, items, desired []*yaml.RNode) (Result, report.Findings) {
	m := newMerger(o, items, desired)
	m.refuseNoTenants(items)
	m.refuseDuplicates(items)
	m.refuseOthers(items)
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
	// expected are the desired policies of the stages that run; planned has those of
	// any stage.
	expected, planned map[report.Ref]*yaml.RNode
	// existing counts the items of one identity, without equal copies.
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
			m.report(report.Error, report.PolicyDuplicate, n, "", "is generated twice, for two different purposes, which is a mistake of tenantfence: please report it with the Tenants")
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

// item decides what becomes of one item.
func (m *merger) item(n *yaml.RNode) {
	id, owner := resource.ID(n), m.ownerOf(n)
	want, expected := m.expected[id]
	switch {
	case expected && owner == thisFence:
		m.configure(n, want)
	case expected && owner == handWritten && isAdoptable(n):
		m.adopt(n, want)
	case expected:
		m.findings = append(m.findings, m.conflictFinding(n, owner))
	case owner == thisFence && m.isObsolete(n):
		m.recordChange(report.Deleted, n)
	case owner == handWritten:
		m.patch(n)
	default:
		m.keep(n)
	}
}

// configure makes a policy of mine what is wanted; where it is that already, it is
// handed back as it came.
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

// isObsolete says whether a policy of mine shall go: nothing plans it, and its stage is
// run here, or is none.
func (m *merger) isObsolete(n *yaml.RNode) bool {
	staged := slices.Contains(v1alpha1.Stages(), v1alpha1.Stage(n.GetLabels()[resource.LabelStage]))
	return m.planned[resource.ID(n)] == nil && (m.Touches(n) || !staged && m.Emits(n))
}

// Touches says whether a policy of the fence is created, configured or deleted: whether
// it is of a stage that is run, and emitted.
func (o Options) Touches(n *yaml.RNode) bool {
	return slices.Contains(o.Stages, v1alpha1.Stage(n.GetLabels()[resource.LabelStage])) && o.Emits(n)
}

// Emits says whether a policy is of somebody whose policies are emitted.
func (o Options) Emits(n *yaml.RNode) bool {
	return len(o.Emit) == 0 || slices.Contains(o.Emit, OwnerName(n))
}

// Owns says whether a policy is of this fence.
func (o Options) Owns(n *yaml.RNode) bool { return o.ownerOf(n) == thisFence }

// OwnerName is the name of the tenant, or of the nodes, that a policy belongs to, "" where it is
// nobody's.
func OwnerName(n *yaml.RNode) string {
	labels := n.GetLabels()
	return cmp.Or(labels[resource.LabelTenant], labels[resource.LabelNode])
}

func (m *merger) report(severity report.Severity, check *report.Check, n *yaml.RNode, field, message string) {
	m.findings = append(m.findings, report.New(check, severity, resource.RefOf(n), field, "%s", message))
}
