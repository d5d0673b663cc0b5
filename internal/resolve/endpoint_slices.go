package resolve

import (
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// sliceEnds are the addresses of a Service without a selector, EndpointSlice by
// EndpointSlice.
func (r *resolver) sliceEnds(f *flow, s *resource.Service, at *field.Path) []end {
	var wanted []resource.ServicePort
	if f.direction == policy.Egress {
		if wanted = r.servicePorts(f, s, f.ports, at); len(wanted) == 0 {
			return nil
		}
	}
	var out []end
	allowed := setOf(f.limits().CIDRs, nil)
	for _, slice := range r.index.SlicesOf(s) {
		cidrs, ports := addressesOf(slice), slicePorts(slice, wanted)
		if len(cidrs) == 0 || f.direction == policy.Egress && len(ports) == 0 {
			continue
		}
		for _, c := range cidrs {
			if !subset(setOf([]string{c}, nil), allowed) {
				r.beyond(f, "cidr-outside-limits", at, fmt.Sprintf("address %s of Service %s/%s", c, s.Ref.Namespace, s.Ref.Name), "cidrs")
			}
		}
		if f.direction == policy.Egress {
			r.portsWithin(f, ports, nil, at)
		}
		out = append(out, end{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: cidrs}, ports: ports, path: at})
	}
	if len(out) == 0 {
		r.refuse("service-without-endpoints", f.ref, at, "Service %s/%s has no selector, and no EndpointSlice in the build gives it addresses on these ports: tell its EndpointSlice as inventory, or give cidrs", s.Ref.Namespace, s.Ref.Name)
	}
	return out
}

// addressesOf are an EndpointSlice's addresses, each as a network. One of IPv4 that is
// written as IPv6 is what packets bear: IPv4.
func addressesOf(slice *resource.EndpointSlice) []string {
	var out []string
	for _, a := range slice.Addresses {
		if ip, err := netip.ParseAddr(a); err == nil && ip.Zone() == "" {
			ip = ip.Unmap()
			out = append(out, netip.PrefixFrom(ip, ip.BitLen()).String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// slicePorts are an EndpointSlice's ports behind those of its Service.
func slicePorts(slice *resource.EndpointSlice, of []resource.ServicePort) []policy.Port {
	var out []policy.Port
	for _, p := range of {
		for _, sp := range slice.Ports {
			if sp.Name == p.Name && sp.Protocol == p.Protocol && sp.Port > 0 && sp.Port <= maxPort {
				out = append(out, policy.Port{Port: sp.Port, Protocol: sp.Protocol})
			}
		}
	}
	return out
}
