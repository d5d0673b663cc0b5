package resolve

import (
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// resolveExternalName resolves an ExternalName Service to its externalName and to its own name, which pods
// query. The answer to that query has the addresses, and agents learn them for the queried name alone: they
// follow no CNAME. Nothing translates ports: clients use those of the flow, or else those of the Service.
func (r *endsPass) resolveExternalName(f *declaredFlow, s *resource.Service, at *field.Path) ([]resolvedPeer, bool) {
	if f.direction == flow.Ingress {
		r.refuse(report.ExternalNameInIngress, f.ref, at, "Service %s/%s is an ExternalName, and a name cannot be a source: write a peer with cidrs", s.Ref.Namespace, s.Ref.Name)
		return nil, true
	}
	host, ok := s.ExternalHost()
	if !ok {
		r.refuse(report.ExternalNameInvalid, f.ref, at, "the externalName %q of Service %s/%s is no DNS name: correct it in the Service", s.ExternalName, s.Ref.Namespace, s.Ref.Name)
		return nil, true
	}
	if next := r.index.ServiceByDNSName(host); next != nil && next.Type == "ExternalName" {
		r.refuse(report.FQDNInsideCluster, f.ref, at, "the externalName %q of Service %s/%s is the name of another ExternalName Service: set it to %q, as in that Service", host, s.Ref.Namespace, s.Ref.Name, next.ExternalName)
		return nil, true
	}
	r.checkNameLimit(f, host, fmt.Sprintf("name %q of Service %s/%s", host, s.Ref.Namespace, s.Ref.Name), at)
	ports := flow.ExpandProtocols(f.ports)
	if len(ports) == 0 {
		for _, p := range r.servicePorts(f, s, nil, at) {
			ports = append(ports, flow.Port{Port: p.Port, Protocol: p.Protocol})
		}
	}
	if len(ports) == 0 {
		return nil, true
	}
	resolvedPeers, found := r.resolveNames(f, flowNames{names: []string{host}, ports: ports, path: at, at: func(int) *field.Path { return at }})
	for i := range resolvedPeers {
		e := &resolvedPeers[i]
		if e.limitPorts = ports; len(e.hostnames) == 0 {
			e.ports = ports
			e.peer.FQDNs = append(e.peer.FQDNs, s.DNSName())
		} else {
			e.hostnames = append(e.hostnames, s.DNSName())
		}
	}
	return resolvedPeers, found
}

// apiServerPeers are the destinations behind the Service of the apiserver: no pods, on the ports
// that the profile declares.
func (r *endsPass) apiServerPeers(f *declaredFlow, at *field.Path) []resolvedPeer {
	entities := []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer}
	r.checkEntityLimits(f, entities, at)
	e := resolvedPeer{peer: policy.Peer{Kind: policy.Entities, Entities: entities}, path: at}
	if f.direction == flow.Ingress {
		return []resolvedPeer{e}
	}
	for _, p := range r.servicePorts(f, resource.APIServer(), f.ports, at) {
		e.limitPorts = append(e.limitPorts, flow.Port{Port: p.Port, Protocol: p.Protocol})
	}
	if len(e.limitPorts) == 0 {
		return nil
	}
	e.ports = resource.APIServerTargets(r.fence.Cluster, r.fence.Baseline)
	return []resolvedPeer{e}
}

// resolveEndpointSlices are the addresses of a Service without a selector, EndpointSlice by
// EndpointSlice.
func (r *endsPass) resolveEndpointSlices(f *declaredFlow, s *resource.Service, at *field.Path) []resolvedPeer {
	var requested []resource.ServicePort
	if f.direction == flow.Egress {
		if requested = r.servicePorts(f, s, f.ports, at); len(requested) == 0 {
			return nil
		}
	}
	var out []resolvedPeer
	allowed := setOf(f.limits().CIDRs, nil)
	for _, slice := range r.index.SlicesOf(s) {
		cidrs, ports := networksOf(slice), slice.PortsOf(requested)
		if len(cidrs) == 0 || f.direction == flow.Egress && len(ports) == 0 {
			continue
		}
		for _, c := range cidrs {
			if !isSubset(setOf([]string{c}, nil), allowed) {
				r.withinLimits(f, report.CIDROutsideLimits, at, fmt.Sprintf("address %s of Service %s/%s", c, s.Ref.Namespace, s.Ref.Name), "cidrs")
			}
		}
		if f.direction == flow.Egress {
			r.checkPortLimits(f, ports, nil, at)
		}
		out = append(out, resolvedPeer{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: cidrs}, ports: ports, path: at})
	}
	if len(out) == 0 {
		r.refuse(report.ServiceWithoutEndpoints, f.ref, at, "Service %s/%s has no selector, and no EndpointSlice or Endpoints of the build gives it addresses on these ports: declare its EndpointSlice as an external resource, or write a peer with cidrs", s.Ref.Namespace, s.Ref.Name)
	}
	return out
}

// networksOf are an EndpointSlice's addresses, each as a network.
func networksOf(slice *resource.EndpointSlice) []string {
	out := texts(slice.IPs(), func(ip netip.Addr) string { return netip.PrefixFrom(ip, ip.BitLen()).String() })
	slices.Sort(out)
	return out
}
