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
// they are the same in all builds. So are the representative pods, in namespaces that all builds have.
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
	later, err := laterPodsOf(builds, env, all)
	if err != nil {
		return nil, err
	}
	var out []*Questions
	for _, b := range builds {
		set := endpoints.NewSet(b.Endpoints.Pods())
		for _, pod := range later {
			pod.NamespaceLabels = b.labelsOfLaterPod(pod)
			set.List(pod)
		}
		if err := set.AddNonPods(env, distinguished); err != nil {
			return nil, fmt.Errorf("add endpoints outside the cluster: %w", err)
		}
		askOutside(set, distinguished.Names)
		set.Ask(b.nodesOf(builds)...)
		view, err := flow.Compile(b.Program, set)
		if err != nil {
			return nil, fmt.Errorf("start the policy engine: %w", err)
		}
		out = append(out, NewQuestions(view, b.Endpoints))
	}
	return out, nil
}

// laterPodsOf returns representative pods of what any of the builds distinguishes.
func laterPodsOf(builds []Build, env endpoints.Environment, all []endpoints.Selections) ([]endpoints.Endpoint, error) {
	var existing []endpoints.Endpoint
	env.Namespaces = map[string]map[string]string{}
	for i, b := range builds {
		existing = append(existing, b.Endpoints.Pods()...)
		own := b.environment(NewExpectation(b.fences()...)).Namespaces
		if i == 0 {
			env.Namespaces = own
		}
		maps.DeleteFunc(env.Namespaces, func(ns string, _ map[string]string) bool { return own[ns] == nil })
	}
	out, err := endpoints.LaterPods(env, existing, all)
	if err != nil {
		return nil, fmt.Errorf("add representative pods: %w", err)
	}
	return out, nil
}

// labelsOfLaterPod are the labels of the pod's namespace in this build.
func (p Proof) labelsOfLaterPod(pod endpoints.Endpoint) map[string]string {
	if p.Endpoints.namespaceExists(pod.Namespace) {
		return p.Endpoints.namespaceLabels(pod.Namespace)
	}
	return pod.NamespaceLabels
}

// declaredNetworks returns the networks that declared flows distinguish.
func (p Proof) declaredNetworks() []string {
	var out []string
	if p.Whole != nil {
		// Networks of all flows distinguish the addresses of each.
		p.Fence = p.Whole
	}
	for _, g := range p.grants() {
		out = append(out, slices.Concat(g.From.CIDRs, g.From.Except, g.To.CIDRs, g.To.Except)...)
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
