package resolve

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// clusterPart is a part of the cluster's addresses, which no CIDR rule matches.
type clusterPart struct {
	set *netipx.IPSet
	// what has the addresses, and the peer that matches it instead.
	what, peer string
}

// clusterParts are the addresses of the cluster, as far as the profile and the build know
// them.
func (r *lowerPass) clusterParts(d flow.Direction) []clusterPart {
	a := r.addressesOfCluster(d)
	var out []clusterPart
	for _, p := range []struct {
		b          *netipx.IPSetBuilder
		what, peer string
	}{
		{&a.apiServer, "the apiserver", "entities: [kube-apiserver]"},
		{&a.services, "Services", "service: namespace/name"},
		{&a.nodes, "nodes", "entities: [host, remote-node], or [kube-apiserver]"},
		{&a.pods, "pods", "tenant: or namespace:, with pods"},
	} {
		if set, err := p.b.IPSet(); err == nil && len(set.Ranges()) > 0 {
			out = append(out, clusterPart{set, p.what, p.peer})
		}
	}
	return out
}

// clusterAddresses are the addresses of the cluster, by their owner.
type clusterAddresses struct{ apiServer, services, nodes, pods netipx.IPSetBuilder }

// addressesOfCluster are the addresses that no CIDR rule matches, as destinations of egress
// or sources of ingress. Policies are decided after Service translation, so the address of a Service
// is no destination. Its public addresses may still be a source.
func (r *lowerPass) addressesOfCluster(d flow.Direction) *clusterAddresses {
	out := &clusterAddresses{}
	for _, a := range r.index.OwnedAddresses() {
		switch {
		case a.Node != nil:
			out.nodes.Add(a.Address)
		case a.PodAddress:
			out.pods.Add(a.Address)
		case !a.Public || d == flow.Egress:
			out.services.Add(a.Address)
		}
	}
	c := r.fence.Cluster
	out.services.AddSet(setOf(c.ServiceCIDRs, nil))
	out.nodes.AddSet(setOf(c.NodeCIDRs, nil))
	if r.enforcedByCilium() && r.fence.Agent.Value(cilium.CIDRMatchMode) == "nodes" {
		// Then networks match the addresses of nodes.
		out.nodes = netipx.IPSetBuilder{}
	}
	out.pods.AddSet(setOf(c.PodCIDRs, nil))
	if c.APIServer != nil && r.usesNetworkPolicies() {
		// Cilium matches an apiserver outside the cluster by its address, too.
		out.apiServer.AddSet(setOf(c.APIServer.CIDRs, nil))
	}
	return out
}

// partOfCluster is the part of the cluster that contains some networks, or all parts together. It
// reports whether the networks are entirely in the cluster.
func (r *lowerPass) partOfCluster(networks *netipx.IPSet, d flow.Direction) (clusterPart, bool) {
	var all netipx.IPSetBuilder
	var what, peer []string
	for _, p := range r.clusterParts(d) {
		if isSubset(networks, p.set) {
			return p, true
		}
		if p.set.Overlaps(networks) {
			all.AddSet(p.set)
			what, peer = append(what, p.what), append(peer, p.peer)
		}
	}
	set, err := all.IPSet()
	return clusterPart{set, strings.Join(what, " and "), strings.Join(peer, ", ")}, err == nil && isSubset(networks, set)
}

// refuseClusterNetwork refuses a network that is entirely in the cluster, and reports whether it did.
func (r *lowerPass) refuseClusterNetwork(network netip.Prefix, except []string, d flow.Direction, ref report.Ref, at *field.Path) bool {
	networks := setOf([]string{network.String()}, except)
	part, inside := r.partOfCluster(networks, d)
	if !inside {
		return false
	}
	if o, known := r.index.OwnerOf(network.Addr()); known && network.IsSingleIP() {
		what, peer := describeOwner(o)
		r.refuse(report.CIDRInsideCluster, ref, at, "network %q is %s of this cluster, and no CIDR rule matches it: write instead %s", network, what, peer)
		return true
	}
	r.refuse(report.CIDRInsideCluster, ref, at, "network %q consists of addresses of %s of this cluster, which no CIDR rule matches: write instead %s; if it is outside the cluster, narrow the ranges in cluster of the profile",
		network, part.what, part.peer)
	return true
}

// describeOwner is the owner of an address, and the peer that matches it.
func describeOwner(o resource.AddressOwner) (what, peer string) {
	if o.Node != nil {
		return "Node " + o.Node.Ref.Name, "entities: [host, remote-node], or [kube-apiserver]"
	}
	name := o.Service.Ref.Namespace + "/" + o.Service.Ref.Name
	if o.PodAddress {
		return "a pod behind Service " + name, "service: " + name
	}
	return "Service " + name, "service: " + name
}

// nonClusterPeersUnderCilium refuses networks in the cluster, where Cilium matches endpoints by
// identity, and reports networks that are partly in the cluster.
func (r *lowerPass) nonClusterPeersUnderCilium(p policy.Peer, d flow.Direction, ref report.Ref, at *field.Path) []policy.Peer {
	out := p
	out.CIDRs = nil
	for _, c := range p.CIDRs {
		network, err := netip.ParsePrefix(c)
		if err != nil {
			return nil
		}
		if r.refuseClusterNetwork(network, p.Except, d, ref, at) {
			continue
		}
		out.CIDRs = append(out.CIDRs, c)
		own := setOf([]string{c}, p.Except)
		if coversWorld(own) {
			continue // The world is known to exclude the cluster.
		}
		var parts []string
		for _, part := range r.clusterParts(d) {
			if part.set.Overlaps(own) {
				parts = append(parts, part.what)
			}
		}
		if len(parts) > 0 {
			r.report(report.Info, report.CIDRIncludesClusterAddresses, ref, at,
				"network %q includes addresses of %s of this cluster, which no CIDR rule matches: only the rest is allowed; to allow these too, add a separate peer (tenant, namespace, service or entities)", c, strings.Join(parts, " and "))
		}
	}
	if len(out.CIDRs) == 0 {
		return nil
	}
	return []policy.Peer{out}
}

// tunnelProblem is why the addresses from which an entity reaches pods are unknown, "" if they are
// known. Over an overlay, nodes reach pods from tunnel addresses, and so does an apiserver on a node.
func (r *lowerPass) tunnelProblem(e v1alpha1.Entity, d flow.Direction) string {
	c := r.fence.Cluster
	if d == flow.Egress || r.enforcedByCilium() {
		return ""
	}
	apiServer := e == v1alpha1.EntityKubeAPIServer
	own := setOf(nil, nil)
	if apiServer {
		own = setOf(c.APIServer.CIDRs, nil)
		if len(c.NodeCIDRs) > 0 && !own.Overlaps(setOf(c.NodeCIDRs, nil)) {
			return "" // It is no node, so the overlay keeps its address.
		}
	}
	switch {
	case c.TunnelCIDRs == nil:
		return "represents nodes, which reach pods over an overlay (VXLAN, IP-in-IP) from unknown tunnel addresses: set cluster.tunnelCIDRs in the profile, or tunnelCIDRs: [] if nodes reach pods from nodeCIDRs alone"
	case apiServer && len(c.TunnelCIDRs) > 0 && !own.Overlaps(setOf(c.TunnelCIDRs, nil)):
		return "represents cluster.apiServer.cidrs without tunnel addresses, and an apiserver on a node reaches pods from one: add the tunnel addresses of its nodes to cluster.apiServer.cidrs"
	}
	return ""
}

// limitToKnownFamilies removes the world of a family from a peer if the profile declares no addresses
// of pods or nodes in it: the addresses of the cluster are unknown then. Pods without an address of
// the family lose nothing.
func (r *lowerPass) limitToKnownFamilies(p policy.Peer, ref report.Ref, at *field.Path) policy.Peer {
	if r.enforcedByCilium() || len(r.missingAddressFields()) > 0 {
		return p
	}
	out := p
	out.CIDRs = slices.Clone(p.CIDRs)
	var skipped []string
	for _, f := range ipFamilies {
		own := slices.DeleteFunc(slices.Clone(p.CIDRs), func(c string) bool { return !f.contains(c) })
		if f.addressesKnown(r.fence.Cluster) || !coversWorld(setOf(own, p.Except)) {
			continue
		}
		out.CIDRs = slices.DeleteFunc(out.CIDRs, f.contains)
		skipped = append(skipped, f.name)
	}
	out.Except = slices.DeleteFunc(slices.Clone(p.Except), func(c string) bool {
		return !slices.ContainsFunc(out.CIDRs, func(o string) bool { return sameFamily(c, o) })
	})
	if len(out.CIDRs) == 0 {
		r.refuse(report.WorldAddressesUnknown, ref, at, "represents all %s addresses outside the cluster, and the profile declares no such addresses of pods and nodes: add them to cluster.podCIDRs and nodeCIDRs, or remove the network", strings.Join(skipped, " and "))
		return out
	}
	for _, f := range ipFamilies {
		if slices.Contains(skipped, f.name) && slices.ContainsFunc(r.fence.Cluster.PodCIDRs, f.contains) {
			r.warn(report.WorldIPFamilyUnknown, ref, at, "represents all addresses outside the cluster, except %s, since cluster.nodeCIDRs has no %[1]s addresses: add those of the nodes, or remove %[1]s from podCIDRs", f.name)
		}
	}
	return out
}

func sameFamily(a, b string) bool {
	return slices.ContainsFunc(ipFamilies, func(f ipFamily) bool { return f.contains(a) && f.contains(b) })
}
