package resolve

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkGatewayAddresses reports flows to networks with addresses of Gateways, or of pools from
// which Cilium gives addresses to load balancers: these connections stay in the cluster.
func (r *resolver) checkGatewayAddresses() {
	if r.networkPolicyForm || r.usesNetworkPolicies() {
		return
	}
	for _, f := range r.flows {
		for _, e := range f.resolvedPeers {
			if e.peer.Kind != policy.CIDRs || f.direction != flow.Egress {
				continue
			}
			own := setOf(e.peer.CIDRs, e.peer.Except)
			if coversWorld(own) {
				continue // The world is known to exclude the cluster.
			}
			for _, g := range r.index.Gateways {
				if i := slices.IndexFunc(g.Addresses, own.Contains); i >= 0 {
					r.warnGateway(f, e, g, i)
				}
			}
			for _, p := range r.index.Pools {
				if p.Overlaps(own) {
					r.report(report.Info, report.CIDRIncludesClusterAddresses, f.ref, e.path,
						"flow %q: network %s includes addresses of CiliumLoadBalancerIPPool %s: connections to a Service with such an address reach its pods, which no CIDR rule matches: for these, add a peer service", f.name, strings.Join(e.peer.CIDRs, ", "), p.Ref.Name)
				}
			}
		}
	}
}

func (r *resolver) warnGateway(f *declaredFlow, e resolvedPeer, g *resource.Gateway, address int) {
	instead := "declare egress to the pods of the Gateway's proxy as well"
	if r.index.IsCiliumGateway(g) {
		instead = "write entities: [ingress], and declare egress to the pods behind its routes as well, since Cilium's proxy enforces policies again"
	}
	r.warn(report.GatewayEnforcesAgain, f.ref, e.path, "flow %q: %s is the address of Gateway %s/%s, so connections to it stay in the cluster, and no CIDR rule matches them: %s",
		f.name, g.Addresses[address], g.Ref.Namespace, g.Ref.Name, instead)
}

// checkFamilies reports networks of an IP family that agents do not handle.
func (r *resolver) checkFamilies() {
	if r.networkPolicyForm || r.usesNetworkPolicies() {
		return
	}
	reported := map[string]bool{}
	for _, f := range r.flows {
		for _, e := range f.resolvedPeers {
			for _, c := range e.peer.CIDRs {
				network, err := netip.ParsePrefix(c)
				if err != nil || e.peer.Kind != policy.CIDRs || r.fence.Agent.HandlesFamily(network.Addr()) {
					continue
				}
				key := cilium.FamilyKey(network.Addr())
				if reported[key] || network.Bits() == 0 {
					continue // Flows to the world list both families.
				}
				reported[key] = true
				r.report(report.Info, report.IPFamilyDisabled, f.ref, e.path, "flow %q: network %s has no effect while agents have %s: \"false\" (%s): if they enable it, set the key in cluster.ciliumConfig",
					f.name, c, key, r.fence.Agent.Origin(key))
			}
		}
	}
}
