package resource

import (
	"net/netip"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

// EndpointSlice has the addresses of a Service.
type EndpointSlice struct {
	Ref report.Ref
	// Service is the name of the Service, in the same namespace.
	Service   string
	Addresses []string
	Ports     []ServicePort
	// podAddresses are the addresses of pods: they refer to a pod, or a controller writes the
	// slice.
	podAddresses []string
}

// PodAddresses returns the slice's addresses of pods.
func (e *EndpointSlice) PodAddresses() []netip.Addr { return addresses(e.podAddresses) }

type target struct {
	Kind string `json:"kind"`
}

func (r *target) isPod() bool { return r != nil && r.Kind == "Pod" }

// managedBy is the label with the writer of an EndpointSlice.
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

// skipMirror disables the mirroring of v1 Endpoints into EndpointSlices.
const skipMirror = "endpointslice.kubernetes.io/skip-mirror"

// mirroredSlices returns the EndpointSlices that Kubernetes creates from v1 Endpoints, one of each
// subset. They are additional to the EndpointSlices of the build for the same Service.
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

// IPs returns the slice's addresses. An IPv4 address in IPv6 notation becomes IPv4, as in packets.
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

// PortsOf returns the slice's ports for the ports of its Service.
func (e *EndpointSlice) PortsOf(of []ServicePort) []flow.Port {
	var out []flow.Port
	for _, p := range of {
		for _, sp := range e.Ports {
			if sp.Name == p.Name && sp.Protocol == p.Protocol && sp.Port > 0 && sp.Port <= maxPort {
				out = append(out, flow.Port{Port: sp.Port, Protocol: sp.Protocol})
			}
		}
	}
	return out
}

// APIServerAddresses returns the addresses of the apiserver, if the build has EndpointSlices or
// Endpoints of its Service.
func (x *Index) APIServerAddresses() []netip.Addr {
	var out []netip.Addr
	for _, e := range x.SlicesOf(APIServer()) {
		out = append(out, e.IPs()...)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// NonPodSlices returns the EndpointSlices of a Service with a selector that list addresses other
// than pods', reduced to those addresses. Connections to the Service may reach them too.
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
