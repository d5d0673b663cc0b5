package resolve

import (
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// resolveEndpointSlices are the addresses of a Service without a selector, EndpointSlice by
// EndpointSlice.
func (r *resolver) resolveEndpointSlices(f *declaredFlow, s *resource.Service, at *field.Path) []resolvedPeer {
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
	var out []string
	for _, ip := range slice.IPs() {
		out = append(out, netip.PrefixFrom(ip, ip.BitLen()).String())
	}
	slices.Sort(out)
	return out
}
