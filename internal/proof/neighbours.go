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

// Pods are decided by the policies of their namespaces, and by cluster-wide ones. What these policies list as peers,
// and what the other sides decide, depends on the namespaces that their selectors, or the declared flows, may match.
// So nothing else is read into the engine.

// reduce leaves out policies and pods of namespaces on which the slice does not depend. It leaves out nothing where
// that is unknown. Checks without an engine are about the whole build.
func (p *proof) reduce(b *neighbours) {
	own := b.own(p.slice)
	if p.unreduced || own == nil {
		return
	}
	for _, ep := range b.ends.EndsOf(p.in.FlowTests) {
		own[ep.Namespace] = true
	}
	if p.engine.within = b.neededBy(own); p.engine.within != nil {
		p.engine.distinguished = b.distinguished(own)
	}
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
	unknown bool
	// declared and the policies are read if anything but the whole is asked about. policies are by namespace.
	declared *reach.Expectation
	policies map[string][]*yaml.RNode
	// clusterwide are the policies without a namespace.
	clusterwide []clusterwidePolicy
	outside     *outside
	outsideOf   map[string][]peers.Outside
}

// clusterwidePolicy has the namespaces of the pods that a policy selects, and its peers.
type clusterwidePolicy struct {
	subjects, peers peers.Namespaces
	nodes           bool
	outside         peers.Outside
}

// concerns reports whether a policy may select pods of some namespaces, or nodes, "".
func (c clusterwidePolicy) concerns(own endpoints.NamespaceSet) bool {
	return c.nodes && own[""] || c.subjects.Overlap(own)
}

func (p proof) neighbours(settings []otherSetting) *neighbours {
	if p.slice.IsWhole() && p.cache == nil {
		return &neighbours{unknown: true}
	}
	ends := reach.Endpoints{Index: p.index, Fence: p.Fence}
	out := &neighbours{fence: p.Fence, ends: ends, labels: ends.Namespaces(), namespaces: map[string]bool{}}
	out.build = peers.NewBuild(out.labels)
	for ns := range out.labels {
		out.namespaces[ns] = true
	}
	// Enforcers of NetworkPolicy compare addresses of pods with networks. A path may go through any pod.
	out.unknown = p.Fence.Cluster.CNI == v1alpha1.CNIKubernetes || p.NetworkPolicyForm != nil || len(p.in.Profile.Spec.ForbiddenPaths) > 0
	if out.unknown {
		return out
	}
	out.declared, out.policies, out.outside, out.outsideOf = reach.NewExpectation(p.Fence), map[string][]*yaml.RNode{}, p.outside(settings), map[string][]peers.Outside{}
	for _, n := range p.items {
		switch {
		case resource.Group(n) == resource.AdministratorGroup:
			// Other settings of the agents enforce it.
			out.unknown = true
		case n.GetKind() == resource.KindCIDRGroup:
			out.outside.addGroup(n)
		case resource.IsPolicy(n):
			out.add(n)
		}
	}
	out.outside.add(ofGrants(p.Fence.Grants))
	out.outside.sort()
	// Then no address of a family is in the world alone.
	out.unknown = out.unknown || out.outside.coversFamily()
	return out
}

// add adds a policy.
func (b *neighbours) add(n *yaml.RNode) {
	ns, named := resource.NamespaceOf(n), peers.OutsideOf(n)
	b.unknown = b.unknown || named.Unreadable
	if b.outside.add(named.Rules); ns != "" {
		b.namespaces[ns] = true
		b.policies[ns], b.outsideOf[ns] = append(b.policies[ns], n), append(b.outsideOf[ns], named)
		return
	}
	one := clusterwidePolicy{peers: peers.OfPolicy(n), outside: named}
	one.subjects, one.nodes = peers.SubjectsOf(n)
	b.clusterwide = append(b.clusterwide, one)
}

// distinguished returns the networks and names that distinguish what the policies of some namespaces name.
func (b *neighbours) distinguished(own endpoints.NamespaceSet) relevantRules {
	var named []peers.Outside
	for ns := range own {
		named = append(named, b.outsideOf[ns]...)
	}
	for _, n := range b.clusterwide {
		if n.concerns(own) {
			named = append(named, n.outside)
		}
	}
	return b.outside.relevant(named)
}

// neededBy returns the namespaces on which the pods of some namespaces depend. Nil: all. With "" among the namespaces,
// nodes depend on them, too.
func (b *neighbours) neededBy(own endpoints.NamespaceSet) endpoints.NamespaceSet {
	if b.unknown || own == nil {
		return nil
	}
	var needed peers.Namespaces
	declared := func(all []policy.Peer) {
		for _, p := range all {
			needed.Add(peers.OfPeer(p))
		}
	}
	for ns := range own {
		needed.Add(peers.Named(ns))
		for _, n := range b.policies[ns] {
			needed.Add(peers.OfPolicy(n))
		}
		declared(b.declared.PeersAt(ns))
	}
	for _, n := range b.clusterwide {
		if n.concerns(own) {
			needed.Add(n.peers)
		}
	}
	if own[""] {
		declared(b.declared.PeersOfNodes())
	}
	return b.build.Set(needed)
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
	if p.engine.within == nil {
		return v.Identities(), nil
	}
	pods := reach.Endpoints{Index: p.index, Fence: p.Fence}.Pods()
	return engine.Identities(engine.Options{ClusterName: p.Fence.Cluster.Name, Agent: p.Fence.Agent}, pods)
}
