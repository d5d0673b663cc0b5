package reach

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Build is one side of a comparison: the endpoints of a build, and its policies.
type Build struct {
	Proof
	Program flow.Program
}

// CompileAlike compiles builds for a comparison, each for its own pods: a pod may have other labels and
// ports in each. Networks, names, entities and nodes are those that any of the policies distinguishes, so
// they are the same in all builds. Representative pods are none of them.
func CompileAlike(builds ...Build) ([]*Questions, error) {
	env := endpoints.Environment{}
	var all []endpoints.Selections
	for _, b := range builds {
		env.CIDRs = append(env.CIDRs, b.declaredNetworks()...)
		env.Selectors = append(env.Selectors, b.selectors(NewExpectation(b.fences()...))...)
		env.Budget = max(env.Budget, b.Fence.Representatives)
		all = append(all, b.Program.Selections())
	}
	distinguished := endpoints.Union(all...)
	for _, n := range distinguished.Networks {
		env.CIDRs = append(env.CIDRs, n.String())
	}
	var out []*Questions
	for _, b := range builds {
		set := endpoints.NewSet(b.Endpoints.Pods())
		if err := set.AddNonPods(env, distinguished); err != nil {
			return nil, fmt.Errorf("add endpoints outside the cluster: %w", err)
		}
		askOutside(set, distinguished.Names)
		set.Ask(b.nodesOf(builds)...)
		table, err := b.Program.Compile(set, flow.WithDenies)
		if err != nil {
			return nil, fmt.Errorf("start the policy engine: %w", err)
		}
		out = append(out, NewQuestions(flow.NewView(set, table, nil), b.Endpoints))
	}
	return out, nil
}

// declaredNetworks returns the networks that declared flows distinguish.
func (p Proof) declaredNetworks() []string {
	var out []string
	for _, g := range p.grants() {
		out = slices.Concat(out, g.From.CIDRs, g.From.Except, g.To.CIDRs, g.To.Except)
	}
	for _, f := range p.fences() {
		for _, e := range slices.Sorted(maps.Keys(f.EntityAddresses)) {
			for _, peer := range f.EntityAddresses[e] {
				out = append(out, peer.CIDRs...)
			}
		}
	}
	return out
}

// nodesOf returns the Nodes of some builds. Of a Node that several have, it returns the build's own.
func (p Proof) nodesOf(builds []Build) []endpoints.Endpoint {
	byName := map[string]endpoints.Endpoint{}
	for _, one := range append(slices.Clone(builds), Build{Proof: p}) {
		for name, n := range one.Endpoints.Index.Nodes {
			byName[name] = endpoints.Endpoint{Kind: endpoints.NodeEndpoint, Name: "node/" + name, Labels: n.Labels}
		}
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b endpoints.Endpoint) int { return cmp.Compare(a.Name, b.Name) })
}
