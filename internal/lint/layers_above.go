package lint

import (
	"fmt"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Above refuses what layers above a fence did to the policies that it generated and proved:
// one error for each policy that they move, and for each fence one for those that they
// rename, one for those that they remove, one for those that they change, and one for those
// with its label that they add. Other labels and annotations may change.
func Above(generated, finished []*yaml.RNode) policy.Findings {
	a := above{renames: map[policy.Ref][]Rename{}, removed: map[policy.Ref][]string{}, changed: map[policy.Ref][]string{}, added: map[policy.Ref][]string{}}
	there := map[policy.Ref][]*yaml.RNode{}
	for _, n := range finished {
		there[resource.ID(n)] = append(there[resource.ID(n)], n)
	}
	gone, arrived := a.elsewhere(generated, finished, there)
	expected, fences := map[policy.Ref]bool{}, map[policy.Ref]bool{}
	for _, n := range generated {
		id := resource.ID(n)
		expected[id], fences[fenceOf(n)] = true, true
		switch copies := there[id]; {
		case gone[id]:
		case len(copies) == 0:
			a.removed[fenceOf(n)] = append(a.removed[fenceOf(n)], resource.RefOf(n).String())
		case slices.ContainsFunc(copies, func(c *yaml.RNode) bool { return essence(c) != essence(n) }):
			a.changed[fenceOf(n)] = append(a.changed[fenceOf(n)], resource.RefOf(n).String())
		}
	}
	for id, copies := range there {
		if fence := fenceOf(copies[0]); fences[fence] && !expected[id] && !arrived[id] {
			a.added[fence] = append(a.added[fence], resource.RefOf(copies[0]).String())
		}
	}
	return a.findings()
}

type above struct {
	moved                   policy.Findings
	renames                 map[policy.Ref][]Rename
	removed, changed, added map[policy.Ref][]string
}

// elsewhere finds the policies that have another name or namespace. It returns them as they
// were generated, and as they are now.
func (a *above) elsewhere(generated, finished []*yaml.RNode, there map[policy.Ref][]*yaml.RNode) (gone, arrived map[policy.Ref]bool) {
	fences := map[policy.Ref]policy.Ref{}
	gone, arrived = map[policy.Ref]bool{}, map[policy.Ref]bool{}
	for _, n := range generated {
		fences[resource.ID(n)] = fenceOf(n)
	}
	for _, r := range Renamed(generated, finished) {
		from := resource.IDOf(r.From)
		a.renames[fences[from]] = append(a.renames[fences[from]], r)
		gone[from], arrived[resource.IDOf(r.To)] = true, true
	}
	for _, f := range Moved(finished) {
		to := resource.IDOf(f.Resource)
		if _, expected := fences[to]; expected || arrived[to] {
			continue
		}
		a.moved = append(a.moved, f)
		arrived[to] = true
		for _, n := range there[to] {
			from := to
			from.Namespace = n.GetAnnotations()[resource.AnnotationNamespace]
			gone[from] = true
		}
	}
	return gone, arrived
}

func (a *above) findings() policy.Findings {
	out := a.moved
	for fence, renames := range a.renames {
		out = append(out, RefuseRenamed(fence, renames)...)
	}
	for _, what := range []struct {
		check, text string
		policies    map[policy.Ref][]string
	}{
		{"policy-missing", "a layer above the fence removes policies that it generates", a.removed},
		{"policy-changed", "a layer above the fence changes policies that it generates", a.changed},
		{"policy-unexpected", "a layer above the fence adds policies with its label", a.added},
	} {
		for fence, names := range what.policies {
			slices.Sort(names)
			out = append(out, policy.Finding{
				Check: what.check, Severity: policy.Error, Resource: fence,
				Message: fmt.Sprintf("%s (%s), so what was proved is not what is built: declare the difference in a Tenant or in the profile, or list the fence above that layer", what.text, policy.Brief(names)),
			})
		}
	}
	return out.Sort()
}

// fenceOf is the configuration of the fence that generated a policy.
func fenceOf(n *yaml.RNode) policy.Ref {
	return policy.Ref{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.KindTenantFence, Name: resource.FenceOf(n)}
}
