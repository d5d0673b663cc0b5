package reach

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Representatives states whether a proof needs representative endpoints.
type Representatives bool

// The values of Representatives.
const (
	WithRepresentatives    Representatives = true
	WithoutRepresentatives Representatives = false
)

// Compile compiles programs for every endpoint about which the proof asks, and returns a view of each.
// Representative endpoints are needed for isolation and declared flows, for comparisons, and for FlowTests
// about what is outside the cluster.
func (p Proof) Compile(tests []resource.FlowTest, representatives Representatives, programs ...flow.Program) ([]*flow.View, error) {
	world, err := p.world(tests, representatives, programs)
	if err != nil {
		return nil, fmt.Errorf("add representative endpoints: %w", err)
	}
	var out []*flow.View
	for _, program := range programs {
		view, err := flow.Compile(program, world)
		if err != nil {
			return nil, fmt.Errorf("start the policy engine: %w", err)
		}
		out = append(out, view)
	}
	return out, nil
}

// world returns the endpoints about which the proof asks.
func (p Proof) world(tests []resource.FlowTest, representatives Representatives, programs []flow.Program) (*endpoints.Set, error) {
	set := endpoints.NewSet(append(p.Endpoints.Pods(), p.Pods...))
	set.Elsewhere = p.Endpoints.podsElsewhere()
	var names []string
	var expected *Expectation
	if representatives == WithRepresentatives {
		expected = NewExpectation(p.fences()...)
		var all []endpoints.Selections
		for _, program := range programs {
			all = append(all, program.Selections())
			names = append(names, all[len(all)-1].Names...)
		}
		if err := set.AddRepresentatives(p.environment(expected), all...); err != nil {
			return nil, err
		}
	}
	askOutside(set, names)
	set.Ask(p.Endpoints.EndsOf(tests)...)
	if representatives == WithRepresentatives {
		set.Ask(p.declaredEnds(expected, set.Known())...)
	}
	return set, nil
}

// askOutside adds every entity, and an example of each DNS name and pattern.
func askOutside(set *endpoints.Set, names []string) {
	for _, e := range append(clusterEntities, v1alpha1.EntityWorld, v1alpha1.EntityWorldIPv4, v1alpha1.EntityWorldIPv6) {
		set.Ask(endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(e)})
	}
	for _, name := range names {
		set.Ask(endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: exampleName(name)})
	}
}

// EndsOf returns the sources and destinations of FlowTests.
func (e Endpoints) EndsOf(tests []resource.FlowTest) []endpoints.Endpoint {
	var out []endpoints.Endpoint
	for _, t := range tests {
		for _, c := range t.Test.Spec.Cases {
			out = append(out, e.endsOf(c)...)
		}
	}
	return out
}

// endsOf returns the sources and destinations of a case. It omits what cannot be found: the case reports
// it.
func (e Endpoints) endsOf(c v1alpha1.FlowCase) []endpoints.Endpoint {
	out, _ := e.FindAll(c.From)
	if isExternal(c.To) {
		return out
	}
	flows, _ := e.targets(c)
	for _, f := range flows {
		out = append(out, f.To)
	}
	if e.Fence.Agent.TranslatesNodePorts() && slices.ContainsFunc(flows, func(f flow.Flow) bool { return f.To.Kind != endpoints.PodEndpoint }) {
		// A port of a node may lead to them.
		for _, n := range e.Index.NodePorts() {
			for _, p := range n.Pods {
				out = append(out, e.Pod(p.Workload))
			}
		}
	}
	if to, err := v1alpha1.ParseEndpoint(c.To); err == nil && to.Form == v1alpha1.NameForm {
		// A name that resolves to the cluster is also decided as a name.
		out = append(out, endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: strings.ToLower(to.Name)})
	}
	return out
}

// declaredEnds returns the nodes to inspect, and the sources and destinations of declared flows.
func (p Proof) declaredEnds(expected *Expectation, known []endpoints.Endpoint) []endpoints.Endpoint {
	out := p.fencedNodes(known)
	d := &declaredFlows{search: &search{Proof: p}, endpoints: newKnownEndpoints(known)}
	for at, all := range expected.at {
		for _, w := range all {
			if w.Owner == nil {
				continue
			}
			own := w.Owner.NodesPeer()
			if !w.Owner.IsNodes() {
				own = w.Owner.PeerIn(at.namespace)
				own.Pods = w.Subject
			}
			out = append(out, d.peerEndpoints(own)...)
			out = append(out, d.peerEndpoints(w.Peer)...)
		}
	}
	return out
}

// environment returns the namespaces of the build and of tenants, and the declared networks.
func (p Proof) environment(expected *Expectation) endpoints.Environment {
	s := endpoints.Environment{Namespaces: p.Endpoints.Namespaces(), Elsewhere: map[string]bool{}, Selectors: p.selectors(expected), Budget: p.Fence.Representatives}
	for ns := range s.Namespaces {
		if !p.Endpoints.Within.Has(ns) {
			s.Elsewhere[ns] = true
			delete(s.Namespaces, ns)
		}
	}
	if p.Endpoints.Within != nil {
		s.Pods = p.Endpoints.podsWhere(func(string) bool { return true })
	}
	s.CIDRs = p.declaredNetworks()
	return s
}

// Namespaces returns those of the build and of tenants, with their labels.
func (e Endpoints) Namespaces() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, t := range e.Fence.Tenants() {
		for _, ns := range t.Namespaces {
			out[ns] = e.namespaceLabels(ns)
		}
	}
	for ns := range e.Index.Namespaces {
		out[ns] = e.namespaceLabels(ns)
	}
	for _, w := range e.Index.Workloads {
		if out[w.Ref.Namespace] == nil {
			out[w.Ref.Namespace] = e.namespaceLabels(w.Ref.Namespace)
		}
	}
	return out
}

// selectors returns the selectors with which the expectation distinguishes pods and nodes.
func (p Proof) selectors(expected *Expectation) []endpoints.Selection {
	var out []endpoints.Selection
	pods := func(s endpoints.Selector) {
		out = append(out, endpoints.Selection{Requirements: endpoints.RequirementsOf(s, endpoints.PodLabel)})
	}
	for _, o := range p.Fence.Owners() {
		pods(o.Selector)
	}
	for _, all := range expected.at {
		for _, w := range all {
			pods(w.Subject)
			pods(w.Peer.Pods)
			out = append(out, endpoints.Selection{Requirements: endpoints.RequirementsOf(endpoints.Selector{MatchLabels: w.Peer.NamespaceLabels}, endpoints.NamespaceLabel)})
		}
	}
	return out
}
