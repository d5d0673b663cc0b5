// Package draft writes a first fence for a build: a profile, a Tenant for each namespace with workloads,
// and the flows that the manifests name. Each file reads one kind of evidence.
package draft

import (
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Draft is a first fence for a build.
type Draft struct {
	Profile v1alpha1.FenceProfile
	// ProfileComments explain fields of the profile, by path.
	ProfileComments map[string][]string
	Tenants         []Tenant
	Tests           v1alpha1.FlowTest
	// Namespaces are those with workloads of the build, and without a Namespace in it.
	Namespaces []string
	// Unknown is a namespace that represents those without a Tenant.
	Unknown string
	// Notes are for the reader.
	Notes Notes
}

// Tenant is a Tenant with the evidence for each of its flows.
type Tenant struct {
	v1alpha1.Tenant
	// Evidence has the places in the manifests that name a flow, by the flow's name.
	Evidence map[string][]string
}

// Options configure a draft.
type Options struct {
	// Refused are flows that a build with an earlier draft refused, with its reason. The draft reports
	// these flows, and does not write them.
	Refused map[FlowID]string
	// Untested are flows whose FlowTest case did not hold, with the case. The draft writes them without it.
	Untested map[FlowID]string
}

// FlowID identifies a flow in drafts of one build.
type FlowID string

// New drafts a fence for the items of a build.
func New(items []*yaml.RNode, index *resource.Index, o Options) *Result {
	b := newBuild(items, index)
	b.chooseTenants()
	for _, find := range []func(){
		b.findMentions, b.findRoutes, b.findAnnotations, b.findIstioRoutes, b.findExposed, b.findMonitors, b.findWebhooks, b.findAPIServerClients, b.findOperators, b.findPolicies, b.noteCustomHosts,
	} {
		find()
	}
	w := newWriter(b, o)
	w.writeFlows(b.withoutCovered(b.mergedFlows()))
	w.writeProfile()
	w.writeTests()
	w.Notes = b.notes.sorted()
	return &w.Result
}

// Result is a draft, with the origin of what it contains.
type Result struct {
	Draft
	// flows has the flow of each entry in a Tenant, and cases the flow of each case.
	flows map[entryKey]FlowID
	cases map[string]FlowID
}

// entryKey is the position of a flow in a Tenant.
type entryKey struct {
	tenant, list string
	index        int
}

// Flow returns the flow at a position of a Tenant: list is "ingress" or "egress".
func (r *Result) Flow(tenant, list string, index int) (FlowID, bool) {
	id, ok := r.flows[entryKey{tenant, list, index}]
	return id, ok
}

// Case returns the flow of a FlowTest case, by the name of the case.
func (r *Result) Case(name string) (FlowID, bool) {
	id, ok := r.cases[name]
	return id, ok
}

// Notes are what a draft reports to its reader.
type Notes struct {
	// Chosen states each choice with its reason.
	Chosen []string
	// Review lists what the reader must decide.
	Review []Note
	// Unseen lists what the manifests mention and the build does not show.
	Unseen []Note
}

// Note is a statement about one or more parts of the manifests.
type Note struct {
	Text     string
	Subjects []string
}

// noteLists collects notes. A list has the subjects by text.
type noteLists struct {
	chosen         []string
	review, unseen map[string][]string
}

// chose notes a choice with its reason.
func (b *build) chose(text string) { b.notes.chosen = append(b.notes.chosen, text) }

// review notes what the reader must decide about a part of the manifests.
func (b *build) review(subject, text string) {
	b.notes.review[text] = append(b.notes.review[text], subject)
}

// unseen notes what a part of the manifests mentions and the build does not show.
func (b *build) unseen(subject, text string) {
	b.notes.unseen[text] = append(b.notes.unseen[text], subject)
}

func (n noteLists) sorted() Notes {
	return Notes{Chosen: n.chosen, Review: sortedNotes(n.review), Unseen: sortedNotes(n.unseen)}
}

// sortedNotes are notes, sorted by their first subject.
func sortedNotes(by map[string][]string) []Note {
	var out []Note
	for _, text := range slices.Sorted(maps.Keys(by)) {
		subjects := slices.Clone(by[text])
		slices.Sort(subjects)
		out = append(out, Note{Text: text, Subjects: slices.Compact(subjects)})
	}
	slices.SortStableFunc(out, func(x, y Note) int { return strings.Compare(x.Subjects[0], y.Subjects[0]) })
	return out
}
