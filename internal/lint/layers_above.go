package lint

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// LayersAbove refuses changes of generated policies by layers above a fence. It returns one error
// for each moved policy. For each fence, it returns one error each for renamed, removed, changed
// and added policies. A policy with the label of the fence counts as added. Other labels and
// annotations may change.
func LayersAbove(generated, finished []*yaml.RNode) report.Findings {
	a := layerChanges{renames: map[report.Ref][]Rename{}, removed: map[report.Ref][]string{}, changed: map[report.Ref][]string{}, added: map[report.Ref][]string{}}
	present := map[report.Ref][]*yaml.RNode{}
	for _, n := range finished {
		present[resource.ID(n)] = append(present[resource.ID(n)], n)
	}
	oldIDs, newIDs := a.findMoved(generated, finished, present)
	expected, fences := map[report.Ref]bool{}, map[report.Ref]bool{}
	for _, n := range generated {
		id := resource.ID(n)
		expected[id], fences[fenceOf(n)] = true, true
		switch copies := present[id]; {
		case oldIDs[id]:
		case len(copies) == 0:
			a.removed[fenceOf(n)] = append(a.removed[fenceOf(n)], resource.RefOf(n).String())
		case slices.ContainsFunc(copies, func(c *yaml.RNode) bool { return resource.ContentKey(c) != resource.ContentKey(n) }):
			a.changed[fenceOf(n)] = append(a.changed[fenceOf(n)], resource.RefOf(n).String())
		}
	}
	for id, copies := range present {
		if fence := fenceOf(copies[0]); fences[fence] && !expected[id] && !newIDs[id] {
			a.added[fence] = append(a.added[fence], resource.RefOf(copies[0]).String())
		}
	}
	return a.findings()
}

// MovedAbove are the errors of LayersAbove about policies with another name or namespace.
func MovedAbove(generated, finished []*yaml.RNode) report.Findings {
	return slices.DeleteFunc(LayersAbove(generated, finished), func(f report.Finding) bool {
		return f.Check != report.PolicyMoved && f.Check != report.PolicyRenamed
	})
}

type layerChanges struct {
	moved                   report.Findings
	renames                 map[report.Ref][]Rename
	removed, changed, added map[report.Ref][]string
}

// findMoved finds the policies with another name or namespace. It returns their IDs as generated,
// and in the finished build.
func (a *layerChanges) findMoved(generated, finished []*yaml.RNode, present map[report.Ref][]*yaml.RNode) (oldIDs, newIDs map[report.Ref]bool) {
	fences := map[report.Ref]report.Ref{}
	oldIDs, newIDs = map[report.Ref]bool{}, map[report.Ref]bool{}
	for _, n := range generated {
		fences[resource.ID(n)] = fenceOf(n)
	}
	for _, r := range Renamed(generated, finished) {
		from := resource.IDOf(r.From)
		a.renames[fences[from]] = append(a.renames[fences[from]], r)
		oldIDs[from], newIDs[resource.IDOf(r.To)] = true, true
	}
	for _, f := range Moved(finished) {
		to := resource.IDOf(f.Resource)
		if _, expected := fences[to]; expected || newIDs[to] {
			continue
		}
		a.moved = append(a.moved, f)
		newIDs[to] = true
		for _, n := range present[to] {
			from := to
			from.Namespace = resource.ObjectOf(n).Namespace
			oldIDs[from] = true
		}
	}
	return oldIDs, newIDs
}

func (a *layerChanges) findings() report.Findings {
	out := a.moved
	for fence, renames := range a.renames {
		out = append(out, RefuseRenamed(fence, renames)...)
	}
	for _, change := range []struct {
		check    *report.Check
		text     string
		policies map[report.Ref][]string
	}{
		{report.PolicyMissing, "a layer above the fence removes generated policies", a.removed},
		{report.PolicyChanged, "a layer above the fence changes generated policies", a.changed},
		{report.PolicyUnexpected, "a layer above the fence adds policies with the label of the fence", a.added},
	} {
		for fence, names := range change.policies {
			slices.Sort(names)
			out = append(out, report.New(change.check, report.Error, fence, "", "%s (%s), so the proof does not apply to the build: declare the change in a Tenant or in the FenceProfile, or list the fence above that layer", change.text, report.Brief(names)))
		}
	}
	return out.Sort()
}

func fenceOf(n *yaml.RNode) report.Ref {
	return report.Ref{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.KindTenantFence, Name: resource.FenceOf(n)}
}
