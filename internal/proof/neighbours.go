package proof

import (
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

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

// The pods of a slice are decided by the policies of their namespaces, and by cluster-wide ones. What these
// policies list as peers, and what the other sides decide, depends on the namespaces that their selectors, or
// the declared flows, may match. So nothing else is read into the engine.

// reduce leaves out what the slice does not depend on: policies, pods and tenants of other namespaces. It
// leaves out nothing where that is unknown.
func (p *proof) reduce() {
	b := p.neighbours()
	p.complete, p.within = b.own(p.slice), b.neededBy(p.slice, p.in.FlowTests)
	if p.unreduced {
		p.within = nil
	}
	if p.within == nil {
		return
	}
	mesh := inMesh(p.Fence, p.items)
	p.Fence = p.Fence.Within(p.within)
	p.Fence.Mesh = mesh
	p.items = slices.DeleteFunc(slices.Clone(p.items), func(n *yaml.RNode) bool {
		ns := namespaceOf(n)
		return ns != "" && !p.within.Has(ns)
	})
}

// neighbours finds the namespaces on which a slice depends.
type neighbours struct {
	fence      *policy.Fence
	ends       reach.Endpoints
	declared   *reach.Expectation
	namespaces map[string]map[string]string
	// policies are by namespace. Those that are cluster-wide have none.
	policies map[string][]*yaml.RNode
	// unknown reports that the namespaces are not known.
	unknown bool
}

func (p proof) neighbours() *neighbours {
	ends := reach.Endpoints{Index: p.index, Fence: p.Fence}
	out := &neighbours{fence: p.Fence, ends: ends, namespaces: ends.Namespaces(), policies: map[string][]*yaml.RNode{}}
	// Enforcers of NetworkPolicy compare addresses of pods with networks. A path may go through any pod.
	out.unknown = p.Fence.Cluster.CNI == v1alpha1.CNIKubernetes || p.NetworkPolicyForm != nil || len(p.in.Profile.Spec.ForbiddenPaths) > 0
	if p.slice.IsWhole() || out.unknown {
		return out
	}
	out.declared = reach.NewExpectation(p.Fence)
	for _, n := range p.items {
		if isEnforced(p.Fence, n) && n.GetKind() != resource.KindCIDRGroup {
			out.policies[resource.NamespaceOf(n)] = append(out.policies[resource.NamespaceOf(n)], n)
		}
	}
	return out
}

// neededBy returns the namespaces on which the pods and nodes of a slice, and FlowTests, depend. Nil: all.
func (b *neighbours) neededBy(slice report.Slice, tests []resource.FlowTest) endpoints.NamespaceSet {
	if b.unknown || slice.IsWhole() {
		return nil
	}
	var needed peers.Namespaces
	own := b.own(slice)
	for ns := range own {
		needed.Add(peers.Named(ns))
		for _, n := range b.policies[ns] {
			needed.Add(peers.OfPolicy(n))
		}
		for _, peer := range b.declared.PeersAt(ns) {
			needed.Add(peers.OfPeer(peer))
		}
	}
	for _, n := range b.policies[""] {
		if pods, nodes := peers.SubjectsOf(n); nodes && slice.Includes("") || pods.Overlap(own) {
			needed.Add(peers.OfPolicy(n))
		}
	}
	if slice.Includes("") {
		for _, peer := range b.declared.PeersOfNodes() {
			needed.Add(peers.OfPeer(peer))
		}
	}
	for _, ep := range b.ends.EndsOf(tests) {
		needed.Add(peers.Named(ep.Namespace))
	}
	return needed.In(b.namespaces)
}

// own returns the namespaces of a slice: those of its tenants and, where it has what belongs to no tenant, those
// without one, and "" for nodes. Nil: all.
func (b *neighbours) own(slice report.Slice) endpoints.NamespaceSet {
	if slice.IsWhole() {
		return nil
	}
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

// identities returns the number of identities that the pods of the build have.
func (p proof) identities(v *flow.View) (int, error) {
	if p.within == nil {
		return v.Identities(), nil
	}
	pods := reach.Endpoints{Index: p.index, Fence: p.Fence}.Pods()
	return engine.Identities(engine.Options{ClusterName: p.Fence.Cluster.Name, Agent: p.Fence.Agent}, pods)
}
