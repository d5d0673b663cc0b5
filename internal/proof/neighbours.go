package proof

import (
	"net/netip"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/peers"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Pods are decided by the policies of their namespaces, and by cluster-wide ones. What these policies list as peers,
// and what the other sides decide, depends on the namespaces that their selectors, or the declared flows, may match.
// So all policies are parsed, and only these are compiled. What they select is known from the parsed policies.

// reduce leaves out the rules and pods of namespaces on which the slice does not depend. It leaves out nothing where
// that is unknown. Checks without an engine are about the whole build.
func (p *proof) reduce(e *readPolicies) error {
	program, ok := e.Program.(*engine.Program)
	if !ok || p.unreduced || p.slice.IsWhole() {
		return nil
	}
	b, err := p.neighbours(program)
	if err != nil {
		return err
	}
	own := b.own(p.slice)
	for _, ep := range b.ends.EndsOf(p.in.FlowTests) {
		own[ep.Namespace] = true
	}
	p.within = b.neededBy(own)
	e.Program, err = program.Within(p.within)
	return err
}

// withinSlice are the findings without those about policies that cannot be decided, and that a slice does not need.
func (p proof) withinSlice(findings report.Findings) report.Findings {
	return slices.DeleteFunc(slices.Clone(findings), func(f report.Finding) bool {
		ns := f.Resource.Namespace
		return f.Check == report.PolicyRejected && ns != "" && !p.within.Has(ns) && !p.asked.IsWhole()
	})
}

// stops reports whether a finding stops a proof: a policy cannot be decided.
func stops(f report.Finding) bool {
	return f.Severity == report.Error && (f.Check == report.PolicyRejected || f.Check == report.RequirementsRemoved)
}

// neighbours finds the namespaces on which others depend.
type neighbours struct {
	fence *policy.Fence
	ends  reach.Endpoints
	build *peers.Build
	// labels are those of the namespaces of the build and of tenants.
	labels map[string]map[string]string
	// namespaces are those of the build, of tenants, and of policies.
	namespaces map[string]bool
	// unknown reports that the namespaces are not known.
	unknown  bool
	declared *reach.Expectation
	// distinctions are those of all policies, for the keys of a cache.
	distinctions *engine.Distinctions
	// undecided are the policies that are left out, or make flows undecided.
	undecided []string
	// policies are by namespace.
	policies    map[string][]engine.PolicyPeers
	clusterwide []clusterwidePolicy
}

// clusterwidePolicy has the namespaces of the pods that a policy selects.
type clusterwidePolicy struct {
	engine.PolicyPeers
	subjects peers.Namespaces
}

// concerns reports whether a policy may select pods of some namespaces, or nodes, "".
func (c clusterwidePolicy) concerns(own endpoints.NamespaceSet) bool {
	return c.Nodes && own[""] || c.subjects.Overlap(own)
}

// neighbours reads what the policies of a program select.
func (p proof) neighbours(program *engine.Program) (*neighbours, error) {
	ends := reach.Endpoints{Index: p.index, Fence: p.Fence}
	out := &neighbours{
		fence: p.Fence, ends: ends, labels: ends.Namespaces(), namespaces: map[string]bool{},
		declared: reach.NewExpectation(p.Fence), policies: map[string][]engine.PolicyPeers{},
	}
	out.build = peers.NewBuild(out.labels)
	for ns := range out.labels {
		out.namespaces[ns] = true
	}
	// Enforcers of NetworkPolicy compare addresses of pods with networks. A path may go through any pod.
	out.unknown = p.Fence.Cluster.CNI == v1alpha1.CNIKubernetes || p.NetworkPolicyForm != nil || len(p.in.Profile.Spec.ForbiddenPaths) > 0
	for _, n := range p.items {
		// Other settings of the agents enforce it.
		out.unknown = out.unknown || resource.Group(n) == resource.AdministratorGroup
		if resource.IsPolicy(n) {
			out.namespaces[resource.NamespaceOf(n)] = true
		}
	}
	delete(out.namespaces, "")
	if out.unknown {
		return out, nil
	}
	all, err := program.Peers()
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		out.add(one)
	}
	return out, nil
}

// add adds a policy.
func (b *neighbours) add(one engine.PolicyPeers) {
	if one.Namespace != "" {
		b.policies[one.Namespace] = append(b.policies[one.Namespace], one)
		return
	}
	subjects := peers.OfSelections(one.Subjects)
	b.clusterwide = append(b.clusterwide, clusterwidePolicy{one, subjects})
	for _, ns := range subjects.Names() {
		b.namespaces[ns] = true
	}
}

// selecting are the policies that may select pods of some namespaces, or nodes, "".
func (b *neighbours) selecting(own endpoints.NamespaceSet) []engine.PolicyPeers {
	var out []engine.PolicyPeers
	for ns := range own {
		out = append(out, b.policies[ns]...)
	}
	for _, c := range b.clusterwide {
		if c.concerns(own) {
			out = append(out, c.PolicyPeers)
		}
	}
	return out
}

// neededBy returns the namespaces on which the pods of some namespaces depend. Nil: all. With "" among the namespaces,
// nodes depend on them, too.
func (b *neighbours) neededBy(own endpoints.NamespaceSet) endpoints.NamespaceSet {
	if b.unknown {
		return nil
	}
	var needed peers.Namespaces
	declared := func(all []policy.Peer) {
		for _, p := range all {
			needed.Add(peers.OfPeer(p))
		}
	}
	for _, one := range b.selecting(own) {
		if needed.Add(peers.OfSelections(one.Pods)); one.AllPods {
			needed.Add(peers.All())
		}
	}
	for ns := range own {
		needed.Add(peers.Named(ns))
		declared(b.declared.PeersAt(ns))
	}
	if own[""] {
		declared(b.declared.PeersOfNodes())
	}
	return b.build.Set(needed)
}

// own returns the namespaces of a slice: those of its tenants and, where it has what belongs to no tenant, those
// without one, and "" for nodes.
func (b *neighbours) own(slice report.Slice) endpoints.NamespaceSet {
	out := endpoints.NamespaceSet{}
	for ns := range b.namespaces {
		owners := b.fence.TenantsIn(ns)
		if len(owners) == 0 && slice.Includes("") || slices.ContainsFunc(owners, func(o *policy.Owner) bool { return slice.Includes(o.Name) }) {
			out[ns] = true
		}
	}
	if slice.Includes("") {
		out[""] = true
	}
	return out
}

// networksOf are the networks that declared flows name.
func networksOf(all []policy.Grant) []netip.Prefix {
	var out []netip.Prefix
	for _, g := range all {
		for _, cidr := range slices.Concat(g.From.CIDRs, g.From.Except, g.To.CIDRs, g.To.Except) {
			if network, err := endpoints.ParseNetwork(cidr); err == nil {
				out = append(out, network)
			}
		}
	}
	return out
}

// identities returns the number of identities that the pods of the build have.
func (p proof) identities(v *flow.View) (int, error) {
	if p.within == nil {
		return v.Identities(), nil
	}
	pods := reach.Endpoints{Index: p.index, Fence: p.Fence}.Pods()
	return engine.Identities(engine.Options{ClusterName: p.Fence.Cluster.Name, Agent: p.Fence.Agent}, pods)
}
