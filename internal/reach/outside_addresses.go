package reach

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// outsideAddresses returns an address of each network outside the cluster that a policy or a
// declaration distinguishes, where a peer has the world: the entity alone is what is in none of
// them.
func (e knownEndpoints) outsideAddresses(p policy.Peer, c v1alpha1.Cluster) []endpoints.Endpoint {
	return filterOutside(e.addresses, c, p.Entities)
}

// filterOutside returns those of some addresses that belong to entities of the world, in the IP
// families of these. The cluster's own are none of them.
func filterOutside(addresses []endpoints.Endpoint, c v1alpha1.Cluster, entities []v1alpha1.Entity) []endpoints.Endpoint {
	has := func(some ...v1alpha1.Entity) bool {
		return slices.ContainsFunc(some, func(e v1alpha1.Entity) bool { return slices.Contains(entities, e) })
	}
	ipv4 := has(v1alpha1.EntityWorld, v1alpha1.EntityAll, v1alpha1.EntityWorldIPv4)
	ipv6 := has(v1alpha1.EntityWorld, v1alpha1.EntityAll, v1alpha1.EntityWorldIPv6)
	if !ipv4 && !ipv6 {
		return nil
	}
	own := policy.Peer{CIDRs: slices.Concat(c.PodCIDRs, c.ServiceCIDRs, c.NodeCIDRs)}
	if c.APIServer != nil {
		own.CIDRs = append(own.CIDRs, c.APIServer.CIDRs...)
	}
	clusterAddresses := addressesOf(own)
	var out []endpoints.Endpoint
	for _, ep := range addresses {
		addr, err := netip.ParseAddr(ep.Name)
		if err != nil || clusterAddresses.Contains(addr) {
			continue
		}
		if addr.Is4() && ipv4 || addr.Is6() && ipv6 {
			out = append(out, ep)
		}
	}
	return out
}

// narrowByNetworks returns the verdict of a flow from or to an entity of the world: where that is
// allowed, and denied for a network of it, the flow is allowed in some cases only.
func (e Endpoints) narrowByNetworks(asked *flow.View, f flow.Flow, v flow.Verdict) flow.Verdict {
	if v.Decision() != flow.Allowed {
		return v
	}
	var notes []string
	for _, direction := range []struct {
		at, side    *endpoints.Endpoint
		decidedSide *flow.Side
		word        string
	}{{&f.To, &f.From, &v.Egress, "to"}, {&f.From, &f.To, &v.Ingress, "from"}} {
		at := *direction.at
		if at.Kind != endpoints.EntityEndpoint || !isWorld(at.Name) || !direction.side.IsSelected() {
			continue
		}
		for _, network := range filterOutside(e.OutsideAddresses, e.Fence.Cluster, []v1alpha1.Entity{v1alpha1.Entity(at.Name)}) {
			*direction.at = network
			// A network for which the engine cannot decide counts as not allowed.
			one, err := asked.Decide(f)
			if err == nil && one.Decision() == flow.Allowed {
				continue
			}
			direction.decidedSide.Decision = flow.Depends
			notes = append(notes, "not allowed "+direction.word+" "+networkName(network))
		}
		*direction.at = at
	}
	if len(notes) > 0 {
		v.Note = strings.TrimPrefix(v.Note+"; "+report.Brief(notes)+", which the entity includes", "; ")
	}
	return v
}

func networkName(ep endpoints.Endpoint) string {
	if ep.Network.IsValid() {
		return ep.Network.String()
	}
	return ep.Name
}
