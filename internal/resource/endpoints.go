package resource

import (
	"net/netip"
	"slices"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// EndpointSlice holds the addresses behind a Service that has no selector.
type EndpointSlice struct {
	Ref report.Ref
	// Service is the name of the Service, in the same namespace.
	Service   string
	Addresses []string
	Ports     []ServicePort
	// podAddresses are those of the addresses that are of pods: they refer to one, or a controller
	// writes the slice.
	podAddresses []string
}

// PodAddresses are the slice's addresses that pods have.
func (e *EndpointSlice) PodAddresses() []netip.Addr { return addresses(e.podAddresses) }

// target is what has an address.
type target struct {
	Kind string `json:"kind"`
}

func (r *target) isPod() bool { return r != nil && r.Kind == "Pod" }

// managedBy is the label that tells who writes an EndpointSlice.
const (
	managedBy       = "endpointslice.kubernetes.io/managed-by"
	sliceController = "endpointslice-controller.k8s.io"
)

func newEndpointSlice(n *yaml.RNode) (*EndpointSlice, error) {
	var in struct {
		Endpoints []struct {
			Addresses []string `json:"addresses"`
			TargetRef *target  `json:"targetRef"`
		} `json:"endpoints"`
		Ports []ServicePort `json:"ports"`
	}
	if err := decode(n, &in); err != nil {
		return nil, err
	}
	s := &EndpointSlice{Ref: RefOf(n), Service: n.GetLabels()["kubernetes.io/service-name"], Ports: in.Ports}
	for i := range s.Ports {
		s.Ports[i].Protocol = protocolOr(s.Ports[i].Protocol)
	}
	for _, e := range in.Endpoints {
		s.Addresses = append(s.Addresses, e.Addresses...)
		if e.TargetRef.isPod() || e.TargetRef == nil && n.GetLabels()[managedBy] == sliceController {
			s.podAddresses = append(s.podAddresses, e.Addresses...)
		}
	}
	return s, nil
}

// skipMirror keeps v1 Endpoints from being mirrored into EndpointSlices.
const skipMirror = "endpointslice.kubernetes.io/skip-mirror"

// mirroredSlices are the EndpointSlices that Kubernetes makes of v1 Endpoints, one of each subset.
// They count beside the EndpointSlices that the build has for the same Service.
func mirroredSlices(n *yaml.RNode) ([]*EndpointSlice, error) {
	if n.GetLabels()[skipMirror] == "true" || n.GetAnnotations()["control-plane.alpha.kubernetes.io/leader"] != "" {
		return nil, nil
	}
	type addresses []struct {
		IP        string  `json:"ip"`
		TargetRef *target `json:"targetRef"`
	}
	var in struct {
		Subsets []struct {
			Addresses         addresses     `json:"addresses"`
			NotReadyAddresses addresses     `json:"notReadyAddresses"`
			Ports             []ServicePort `json:"ports"`
		} `json:"subsets"`
	}
	if err := decode(n, &in); err != nil {
		return nil, err
	}
	var out []*EndpointSlice
	for _, subset := range in.Subsets {
		s := &EndpointSlice{Ref: RefOf(n), Service: n.GetName(), Ports: subset.Ports}
		for i := range s.Ports {
			s.Ports[i].Protocol = protocolOr(s.Ports[i].Protocol)
		}
		for _, a := range slices.Concat(subset.Addresses, subset.NotReadyAddresses) {
			s.Addresses = append(s.Addresses, a.IP)
			if a.TargetRef.isPod() {
				s.podAddresses = append(s.podAddresses, a.IP)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// IPs are the slice's addresses. One of IPv4 that is written as IPv6 is what packets
// bear: IPv4.
func (e *EndpointSlice) IPs() []netip.Addr {
	var out []netip.Addr
	for _, a := range e.Addresses {
		if ip, err := netip.ParseAddr(a); err == nil && ip.Zone() == "" {
			out = append(out, ip.Unmap())
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// PortsOf are the slice's ports behind those of its Service.
func (e *EndpointSlice) PortsOf(of []ServicePort) []policy.Port {
	var out []policy.Port
	for _, p := range of {
		for _, sp := range e.Ports {
			if sp.Name == p.Name && sp.Protocol == p.Protocol && sp.Port > 0 && sp.Port <= maxPort {
				out = append(out, policy.Port{Port: sp.Port, Protocol: sp.Protocol})
			}
		}
	}
	return out
}

// APIServerAddresses are those behind the Service of the apiserver, where the build has its
// EndpointSlices or Endpoints.
func (x *Index) APIServerAddresses() []netip.Addr {
	var out []netip.Addr
	for _, e := range x.SlicesOf(APIServer()) {
		out = append(out, e.IPs()...)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// NonPodSlices are the EndpointSlices of a Service with a selector that list addresses of no pod:
// its connections may end there, too. Each has these addresses alone.
func (x *Index) NonPodSlices(s *Service) []*EndpointSlice {
	var out []*EndpointSlice
	for _, e := range x.SlicesOf(s) {
		other := *e
		other.Addresses = slices.DeleteFunc(slices.Clone(e.Addresses), func(a string) bool { return slices.Contains(e.podAddresses, a) })
		if len(other.IPs()) > 0 {
			out = append(out, &other)
		}
	}
	return out
}
