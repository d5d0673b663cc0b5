package resolve

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// checkGatewayAddresses reports flows to networks with addresses of Gateways, or of pools from
// which Cilium gives addresses to load balancers: these connections stay in the cluster.
func (r *advisePass) checkGatewayAddresses() {
	if r.usesNetworkPolicies() {
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

func (r *advisePass) warnGateway(f *declaredFlow, e resolvedPeer, g *resource.Gateway, address int) {
	instead := "declare egress to the pods of the Gateway's proxy as well"
	if r.index.IsCiliumGateway(g) {
		instead = "write entities: [ingress], and declare egress to the pods behind its routes as well, since Cilium's proxy enforces policies again"
	}
	r.warn(report.GatewayEnforcesAgain, f.ref, e.path, "flow %q: %s is the address of Gateway %s/%s, so connections to it stay in the cluster, and no CIDR rule matches them: %s",
		f.name, g.Addresses[address], g.Ref.Namespace, g.Ref.Name, instead)
}

// checkFamilies reports networks of an IP family that agents do not handle.
func (r *advisePass) checkFamilies() {
	if r.usesNetworkPolicies() {
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

// checkNodePorts warns about flows to nodes on a node port of a Service: if Cilium replaces kube-proxy,
// it translates the destination to a pod before policies decide.
func (r *advisePass) checkNodePorts() {
	severity, state := report.Warning, ""
	switch {
	case r.usesNetworkPolicies():
		return
	case r.fence.Agent.MayTranslateNodePorts():
		severity, state = report.Info, ", and set kube-proxy-replacement in cluster.ciliumConfig"
	case !r.fence.Agent.TranslatesNodePorts():
		return
	}
	ports := r.index.NodePorts()
	for _, f := range r.flows {
		if f.direction != flow.Egress {
			continue
		}
		for _, e := range f.resolvedPeers {
			i := slices.IndexFunc(ports, func(n resource.NodePort) bool {
				return r.targetsNodes(e.peer) && len(f.portsOf(e)) > 0 && n.MatchesAny(f.portsOf(e))
			})
			if i >= 0 {
				r.report(severity, report.NodePortTranslated, f.ref, e.path,
					"flow %q: port %s of nodes is %s, and with kube-proxy-replacement, Cilium forwards it to the pods before policies decide: declare the flow to the Service or the pods instead%s",
					f.name, ports[i].Port, ports[i].Source, state)
			}
		}
	}
}

// targetsNodes reports whether a peer includes nodes.
func (r *advisePass) targetsNodes(p policy.Peer) bool {
	return p.Kind == policy.Nodes || p.Kind == policy.Entities && slices.ContainsFunc(p.Entities, resource.IncludesNodes)
}

// reportWorldExclusions reports flows to the world that do not include clusterHostnames on the same
// ports, if no other flow of the tenant or the nodes names these.
func (r *advisePass) reportWorldExclusions() {
	// A flow of allTenants is one of each tenant, and is reported once.
	reported := map[string]bool{}
	for _, f := range r.flows {
		if f.direction == flow.Ingress || f.outcome == refused {
			continue
		}
		for i, p := range f.peers {
			if !includesWorld(p) {
				continue
			}
			at := f.peersPath().Index(i)
			key := endpoints.JSONKey([]any{f.ref, at.String()})
			if excluded := r.unnamedHostnames(f); len(excluded) > 0 && !reported[key] {
				reported[key] = true
				r.report(report.Info, report.WorldExcludesClusterHostnames, f.ref, at,
					"entity world and networks do not match pods, and clusterHostnames resolve to pods of this cluster (%s): to allow them too, add a peer fqdns", strings.Join(excluded, ", "))
			}
		}
	}
}

// includesWorld reports whether a peer is everything outside the cluster.
func includesWorld(p v1alpha1.Peer) bool {
	return slices.ContainsFunc(p.Entities, func(e v1alpha1.Entity) bool {
		return e == v1alpha1.EntityWorld || e == v1alpha1.EntityWorldIPv4 || e == v1alpha1.EntityWorldIPv6
	}) || coversWorld(setOf(p.CIDRs, p.Except))
}

// unnamedHostnames are the clusterHostnames whose Service has a port of a flow, and that no flow of the
// tenant or the nodes names.
func (r *advisePass) unnamedHostnames(f *declaredFlow) []string {
	var out []string
	for _, l := range r.fence.ClusterHostnames {
		if l.Entity != "" && !r.usesHostname(f.tenant, l) {
			out = append(out, fmt.Sprintf("%s: %s", strings.Join(l.FQDNs, ", "), l.Target()))
			continue
		}
		s := r.index.Service(l.Namespace, l.Service)
		if s == nil || r.usesHostname(f.tenant, l) || !slices.ContainsFunc(clientPorts(s.Ports), func(p flow.Port) bool { return len(f.ports) == 0 || p.CoveredBy(flow.ExpandProtocols(f.ports)) }) {
			continue
		}
		out = append(out, fmt.Sprintf("%s: %s", strings.Join(l.FQDNs, ", "), l.Target()))
	}
	return out
}

// usesHostname reports whether a flow of a tenant has some of these names as a peer.
func (r *advisePass) usesHostname(t *tenant, l policy.ClusterHostname) bool {
	return slices.ContainsFunc(t.flows, func(f *declaredFlow) bool {
		return slices.ContainsFunc(f.peers, func(p v1alpha1.Peer) bool {
			return slices.ContainsFunc(p.FQDNs, l.MatchesAny)
		})
	})
}
