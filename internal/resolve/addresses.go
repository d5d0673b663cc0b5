package resolve

import (
	"net/netip"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// usesNetworkPolicies says whether policies are NetworkPolicies.
func (r *resolver) usesNetworkPolicies() bool { return r.fence.Policies == v1alpha1.PoliciesKubernetes }

// enforcedByCilium says whether Cilium enforces NetworkPolicies: it matches no pod, node or
// apiserver of the cluster by its address.
func (r *resolver) enforcedByCilium() bool { return r.fence.Cluster.CNI == v1alpha1.CNICilium }

// resolveEntityAddresses gives the entities that are addresses of the cluster these addresses. One that
// is not known comes to nothing, which is refused where somebody needs it.
func (r *resolver) resolveEntityAddresses() {
	if !r.usesNetworkPolicies() {
		return
	}
	r.fence.EntityAddresses = map[v1alpha1.Entity][]policy.Peer{}
	for _, e := range []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer} {
		r.fence.EntityAddresses[e] = nil
		if r.addressProblem(e) == "" {
			cidrs, _ := r.entityAddresses(e)
			r.fence.EntityAddresses[e] = []policy.Peer{{Kind: policy.CIDRs, CIDRs: cidrs}}
		}
	}
}

// entityAddresses are the addresses of a node or the apiserver, and the field that says them.
func (r *resolver) entityAddresses(e v1alpha1.Entity) (cidrs []string, declared string) {
	c := r.fence.Cluster
	switch {
	case e != v1alpha1.EntityKubeAPIServer:
		return c.NodeCIDRs, "cluster.nodeCIDRs"
	case c.APIServer == nil:
		return nil, "cluster.apiServer"
	default:
		return c.APIServer.CIDRs, "cluster.apiServer.cidrs"
	}
}

// addressProblem says why no ipBlock stands for a node or the apiserver, "" where one does.
func (r *resolver) addressProblem(e v1alpha1.Entity) string {
	c := r.fence.Cluster
	cidrs, declared := r.entityAddresses(e)
	own := setOf(cidrs, nil)
	switch {
	case r.enforcedByCilium() && e != v1alpha1.EntityKubeAPIServer:
		return "a node, which Cilium never matches by its address: this flow needs policies: Cilium"
	case len(cidrs) == 0:
		return "an address in a NetworkPolicy, which knows no entities: say it in " + declared + " of the profile"
	case r.enforcedByCilium() && len(c.NodeCIDRs) == 0:
		return "matched by its address only where it is no node, with Cilium: say cluster.nodeCIDRs in the profile, so that it can be told, or write policies: Cilium"
	case r.enforcedByCilium() && own.Overlaps(setOf(slices.Concat(c.NodeCIDRs, c.PodCIDRs), nil)):
		return "in the cluster, where Cilium never matches it by its address: this flow needs policies: Cilium"
	case own.Overlaps(setOf(c.PodCIDRs, nil)):
		return declared + " in a NetworkPolicy, and this overlaps cluster.podCIDRs, so that pods would be let pass, too: give ranges that no pod has an address of"
	}
	return ""
}

// entityPeers are what an entity comes to in a NetworkPolicy.
func (r *resolver) entityPeers(e v1alpha1.Entity, d policy.Direction, ref report.Ref, at *field.Path) []policy.Peer {
	pods := policy.Peer{Kind: policy.Pods}
	switch e {
	case v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer:
		if problem := r.addressProblem(e); problem != "" {
			r.refuse(report.EntityWithoutAddress, ref, at, "the entity %q is %s", e, problem)
		} else if problem = r.tunnelProblem(e, d); problem != "" {
			r.refuse(report.TunnelAddressesUnknown, ref, at, "%s", problem)
		}
		return r.fence.EntityAddresses[e]
	case v1alpha1.EntityWorld:
		return r.nonClusterPeers(policy.Peer{Kind: policy.CIDRs, CIDRs: allAddresses()}, d, ref, at)
	case v1alpha1.EntityAll:
		if !r.enforcedByCilium() {
			return []policy.Peer{pods, {Kind: policy.CIDRs, CIDRs: allAddresses()}}
		}
	case v1alpha1.EntityCluster:
		if !r.enforcedByCilium() {
			return r.clusterPeers(pods, d, ref, at)
		}
	default:
		r.refuse(report.EntityWithoutAddress, ref, at, "the entity %q is Cilium's own, and a NetworkPolicy has no word for it: name the pods that are meant%s", e, r.ciliumHint())
		return nil
	}
	r.refuse(report.EntityWithoutAddress, ref, at, "the entity %q holds nodes, which Cilium never matches by their addresses: this flow needs policies: Cilium", e)
	return nil
}

// clusterPeers are all pods, the nodes and the apiserver.
func (r *resolver) clusterPeers(pods policy.Peer, d policy.Direction, ref report.Ref, at *field.Path) []policy.Peer {
	addresses := policy.Peer{Kind: policy.CIDRs}
	for _, part := range []v1alpha1.Entity{v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer} {
		for _, p := range r.entityPeers(part, d, ref, at) {
			addresses.CIDRs = append(addresses.CIDRs, p.CIDRs...)
		}
	}
	addresses.CIDRs = slices.Compact(slices.Sorted(slices.Values(addresses.CIDRs)))
	return []policy.Peer{pods, addresses}
}

func allAddresses() []string { return []string{"0.0.0.0/0", "::/0"} }

// clusterCIDRs are the addresses of the cluster, as far as the profile says them.
func (r *resolver) clusterCIDRs() []string {
	c := r.fence.Cluster
	out := slices.Concat(c.PodCIDRs, c.ServiceCIDRs, c.NodeCIDRs)
	if c.APIServer != nil {
		out = append(out, c.APIServer.CIDRs...)
	}
	return out
}

// nonClusterPeers is what lies outside the cluster of the networks of a peer: a NetworkPolicy
// would match pods and nodes in them as well. A network of which nothing is left is
// refused.
func (r *resolver) nonClusterPeers(p policy.Peer, d policy.Direction, ref report.Ref, at *field.Path) []policy.Peer {
	if !r.usesNetworkPolicies() {
		return r.nonClusterPeersUnderCilium(p, d, ref, at)
	}
	clusterCIDRs := setOf(r.clusterCIDRs(), nil)
	if p = r.limitToKnownFamilies(p, ref, at); len(p.CIDRs) == 0 {
		return nil
	}
	if coversWorld(setOf(p.CIDRs, p.Except)) && !r.checkAddressesKnown(ref, at, "") {
		return nil
	}
	out := policy.Peer{Kind: policy.CIDRs}
	for _, c := range p.CIDRs {
		network, err := netip.ParsePrefix(c)
		if err != nil {
			return nil
		}
		if r.refuseClusterNetwork(network, p.Except, d, ref, at) {
			continue
		}
		exclusions := exclusionsIn(network, clusterCIDRs, setOf(p.Except, nil))
		out.CIDRs = append(out.CIDRs, c)
		out.Except = append(out.Except, exclusions...)
	}
	if len(out.CIDRs) == 0 {
		return nil
	}
	out.Except = slices.Compact(slices.Sorted(slices.Values(out.Except)))
	return []policy.Peer{out}
}

// exclusionsIn are the networks that are taken out of one.
func exclusionsIn(network netip.Prefix, sets ...*netipx.IPSet) []string {
	var b netipx.IPSetBuilder
	for _, s := range sets {
		b.AddSet(s)
	}
	var in netipx.IPSetBuilder
	in.AddPrefix(network)
	whole, err := in.IPSet()
	if err != nil {
		return nil
	}
	b.Intersect(whole)
	set, err := b.IPSet()
	if err != nil {
		return nil
	}
	return prefixes(set)
}

func prefixes(s *netipx.IPSet) []string {
	var out []string
	for _, p := range s.Prefixes() {
		out = append(out, p.String())
	}
	return out
}

// toPolicyForm are the ends that stand for one in the form that policies have.
func (r *resolver) toPolicyForm(f *flow, e resolvedPeer) []resolvedPeer {
	if !r.usesNetworkPolicies() && e.peer.Kind != policy.CIDRs {
		return []resolvedPeer{e}
	}
	var out []resolvedPeer
	switch e.peer.Kind {
	case policy.CIDRs:
		for _, p := range r.nonClusterPeers(e.peer, f.direction, f.ref, e.path) {
			out = append(out, resolvedPeer{peer: p, ports: e.ports, path: e.path})
		}
	case policy.Entities:
		for _, entity := range e.peer.Entities {
			ports := f.portsOf(e)
			if entity == v1alpha1.EntityKubeAPIServer && f.direction == policy.Egress && len(ports) == 0 {
				ports = r.apiServerPorts()
			}
			for _, p := range r.entityPeers(entity, f.direction, f.ref, e.path) {
				out = append(out, resolvedPeer{peer: p, ports: ports, path: e.path})
			}
		}
	default:
		return []resolvedPeer{e}
	}
	return slices.CompactFunc(out, func(a, b resolvedPeer) bool {
		return policy.JSONKey([]any{a.peer, a.ports}) == policy.JSONKey([]any{b.peer, b.ports})
	})
}

// refuseUnsupported refuses what no NetworkPolicy says of a flow.
func (r *resolver) refuseUnsupported(f *flow) {
	if r.fence.Policies == v1alpha1.PoliciesBoth {
		r.refuseShadowedL7(f)
	}
	if !r.usesNetworkPolicies() {
		return
	}
	refuse := func(name, instead string) {
		r.refuse(report.UnsupportedInNetworkPolicy, f.ref, f.path.Child(name), "is more than a NetworkPolicy says, which knows ports alone: %s%s", instead, r.ciliumHint())
	}
	if len(f.l7.HTTP) > 0 {
		refuse("http", "leave it out, and every request passes")
	}
	if len(f.l7.DNS) > 0 {
		refuse("dns", "leave it out, and any name may be asked for")
	}
	if f.tls != nil {
		refuse("tls", "leave it out, and every connection passes")
	}
	if slices.ContainsFunc(f.ports, func(p policy.Port) bool { return p.Protocol == policy.ICMP }) {
		refuse("icmp", "leave it out with ports left out too, and everything passes, ICMP as well")
	}
}

// refuseShadowedL7 refuses rules that a NetworkPolicy beside them would make do nothing.
func (r *resolver) refuseShadowedL7(f *flow) {
	for _, l7 := range []struct {
		name     string
		declared bool
	}{{"http", len(f.l7.HTTP) > 0}, {"dns", len(f.l7.DNS) > 0}, {"tls", f.tls != nil}} {
		if l7.declared {
			r.refuse(report.L7BypassedByNetworkPolicy, f.ref, f.path.Child(l7.name), "does nothing with policies: Both, since the NetworkPolicy beside it lets everything pass on these ports: leave it out, or use policies: Cilium")
		}
	}
}

// ciliumHint is the other way out, where there is one.
func (r *resolver) ciliumHint() string {
	if !r.enforcedByCilium() {
		return ""
	}
	return ", or use policies: Cilium"
}

// checkBaselineForm refuses what the profile says of every tenant and no NetworkPolicy says.
func (r *resolver) checkBaselineForm() {
	if !r.usesNetworkPolicies() {
		return
	}
	at := r.profile.Path.Child("baseline")
	b := r.profile.Spec.Baseline
	if b.APIServer != nil {
		r.entityPeers(v1alpha1.EntityKubeAPIServer, policy.Egress, r.profile.Ref, at.Child("apiServer"))
	}
	if b.DNS.NodeLocal {
		r.entityPeers(v1alpha1.EntityHost, policy.Egress, r.profile.Ref, at.Child("dns", "nodeLocal"))
	}
	if b.DNS.HostNetwork {
		r.entityPeers(v1alpha1.EntityRemoteNode, policy.Egress, r.profile.Ref, at.Child("dns", "hostNetwork"))
	}
}

// apiServerPorts are those on which the apiserver listens.
func (r *resolver) apiServerPorts() []policy.Port {
	var out []policy.Port
	if api := r.fence.Cluster.APIServer; api != nil {
		for _, p := range api.Ports {
			out = append(out, policy.Port{Port: p, Protocol: v1alpha1.TCP})
		}
	}
	return out
}
