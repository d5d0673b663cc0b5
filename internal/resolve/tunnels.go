package resolve

import (
	"slices"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// withTunnels adds the tunnel addresses of an overlay to those of the nodes. No pod has them.
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

// tunnelProblem is why the addresses from which an entity reaches pods are unknown, "" if they are
// known. Over an overlay, nodes reach pods from tunnel addresses, and so does an apiserver on a node.
func (r *resolver) tunnelProblem(e v1alpha1.Entity, d flow.Direction) string {
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
