package resolve

import (
	"slices"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// withTunnels counts the tunnel addresses of an overlay among the nodes' own, which no pod
// has.
func withTunnels(c v1alpha1.Cluster) v1alpha1.Cluster {
	if len(c.TunnelCIDRs) == 0 {
		return c
	}
	var pods netipx.IPSetBuilder
	pods.AddSet(setOf(c.PodCIDRs, nil))
	pods.RemoveSet(setOf(c.TunnelCIDRs, nil))
	if set, err := pods.IPSet(); err == nil && len(c.PodCIDRs) > 0 {
		c.PodCIDRs = prefixes(set)
	}
	c.NodeCIDRs = slices.Concat(c.NodeCIDRs, c.TunnelCIDRs)
	return c
}

// tunnelProblem is why the addresses from which an entity reaches pods are unknown, "" where
// they are known. Over an overlay, nodes reach pods from tunnel addresses, and an apiserver
// on a node does as well.
func (r *resolver) tunnelProblem(e v1alpha1.Entity, d policy.Direction) string {
	c := r.fence.Cluster
	if d == policy.Egress || r.enforcedByCilium() {
		return ""
	}
	apiServer := e == v1alpha1.EntityKubeAPIServer
	own := setOf(nil, nil)
	if apiServer {
		own = setOf(c.APIServer.CIDRs, nil)
		if len(c.NodeCIDRs) > 0 && !own.Overlaps(setOf(c.NodeCIDRs, nil)) {
			return "" // No node, so its connections enter the overlay as they are.
		}
	}
	switch {
	case c.TunnelCIDRs == nil:
		return "stands for addresses of nodes, and over an overlay (VXLAN, IP-in-IP) nodes reach pods from tunnel addresses, which are unknown: set cluster.tunnelCIDRs in the profile, or tunnelCIDRs: [] where nodes reach pods from nodeCIDRs alone"
	case apiServer && len(c.TunnelCIDRs) > 0 && !own.Overlaps(setOf(c.TunnelCIDRs, nil)):
		return "stands for cluster.apiServer.cidrs, which has no tunnel address, and an apiserver on a node reaches pods from one: add those of its nodes to cluster.apiServer.cidrs"
	}
	return ""
}
