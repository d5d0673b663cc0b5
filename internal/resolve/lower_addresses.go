package resolve

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// resolveEntityAddresses sets the addresses of the entities that are part of the cluster. A flow to
// an entity without a known address is refused.
func (r *lowerPass) resolveEntityAddresses() {
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

// entityAddresses are the addresses of a node or the apiserver, and the field that declares them.
func (r *lowerPass) entityAddresses(e v1alpha1.Entity) (cidrs []string, declared string) {
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

// addressProblem returns why no ipBlock can represent the entity, or "". The text continues "the
// entity X is".
func (r *lowerPass) addressProblem(e v1alpha1.Entity) string {
	c := r.fence.Cluster
	cidrs, declared := r.entityAddresses(e)
	own := setOf(cidrs, nil)
	switch {
	case r.enforcedByCilium() && e != v1alpha1.EntityKubeAPIServer:
		return "a node, and Cilium never matches nodes by address: set policies: Cilium"
	case len(cidrs) == 0:
		return "unknown in NetworkPolicies, which have no entities and match addresses: set " + declared + " in the profile"
	case r.enforcedByCilium() && len(c.NodeCIDRs) == 0:
		return "matched by its address only if it is not a node, which is unknown: set cluster.nodeCIDRs in the profile, or policies: Cilium"
	case r.enforcedByCilium() && own.Overlaps(setOf(slices.Concat(c.NodeCIDRs, c.PodCIDRs), nil)):
		return "in the cluster, where Cilium never matches it by its address: set policies: Cilium"
	case own.Overlaps(setOf(c.PodCIDRs, nil)):
		return "represented by " + declared + ", which overlaps cluster.podCIDRs, so that the policy would allow pods too: use ranges without addresses of pods"
	}
	return ""
}

// entityPeers returns the NetworkPolicy peers for an entity, or refuses it.
func (r *lowerPass) entityPeers(e v1alpha1.Entity, d flow.Direction, ref report.Ref, at *field.Path) []policy.Peer {
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
		r.refuse(report.EntityWithoutAddress, ref, at, "the entity %q exists in Cilium alone, and a NetworkPolicy cannot express it: name the pods instead%s", e, r.ciliumHint())
		return nil
	}
	r.refuse(report.EntityWithoutAddress, ref, at, "the entity %q includes nodes, which Cilium never matches by address: set policies: Cilium", e)
	return nil
}

// clusterPeers returns the NetworkPolicy peers of the entity cluster: all pods, the nodes and the
// apiserver.
func (r *lowerPass) clusterPeers(pods policy.Peer, d flow.Direction, ref report.Ref, at *field.Path) []policy.Peer {
	addresses := policy.Peer{Kind: policy.CIDRs}
	for _, part := range []v1alpha1.Entity{v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer} {
		for _, p := range r.entityPeers(part, d, ref, at) {
			addresses.CIDRs = append(addresses.CIDRs, p.CIDRs...)
		}
	}
	addresses.CIDRs = endpoints.SortedUnique(addresses.CIDRs)
	return []policy.Peer{pods, addresses}
}

// clusterCIDRs are the addresses of the cluster that the profile declares.
func (r *lowerPass) clusterCIDRs() []string {
	c := r.fence.Cluster
	out := slices.Concat(c.PodCIDRs, c.ServiceCIDRs, c.NodeCIDRs)
	if c.APIServer != nil {
		out = append(out, c.APIServer.CIDRs...)
	}
	return out
}

// nonClusterPeers are the networks of a peer without the addresses of the cluster: with them, a
// NetworkPolicy would match pods and nodes as well. A network that is entirely in the cluster is
// refused.
func (r *lowerPass) nonClusterPeers(p policy.Peer, d flow.Direction, ref report.Ref, at *field.Path) []policy.Peer {
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
	out.Except = endpoints.SortedUnique(out.Except)
	return []policy.Peer{out}
}

// exclusionsIn are the parts of a network that some sets exclude.
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

// checkBaselineForm refuses parts of the baseline that no NetworkPolicy expresses.
func (r *lowerPass) checkBaselineForm() {
	if !r.usesNetworkPolicies() {
		return
	}
	at := r.profile.Path.Child("baseline")
	b := r.profile.Spec.Baseline
	if b.APIServer != nil {
		r.entityPeers(v1alpha1.EntityKubeAPIServer, flow.Egress, r.profile.Ref, at.Child("apiServer"))
	}
	if b.DNS.NodeLocal {
		r.entityPeers(v1alpha1.EntityHost, flow.Egress, r.profile.Ref, at.Child("dns", "nodeLocal"))
	}
	if b.DNS.HostNetwork {
		r.entityPeers(v1alpha1.EntityRemoteNode, flow.Egress, r.profile.Ref, at.Child("dns", "hostNetwork"))
	}
}

// apiServerPorts are the ports on which the apiserver listens.
func (r *lowerPass) apiServerPorts() []flow.Port {
	var out []flow.Port
	if api := r.fence.Cluster.APIServer; api != nil {
		for _, p := range api.Ports {
			out = append(out, flow.Port{Port: p, Protocol: v1alpha1.TCP})
		}
	}
	return out
}
