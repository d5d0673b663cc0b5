package external

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// addServices adds the Services with their EndpointSlices, as the proof reads them.
func (i *importer) addServices() {
	index, findings := resource.NewIndex(i.services)
	for _, f := range findings {
		if f.Severity == report.Error {
			i.leaveOutUnreadable(f.Resource, f.Message)
		}
	}
	for _, n := range i.services {
		if n.GetKind() != "Service" {
			i.leaveOutSlice(n)
			continue
		}
		i.checkAnnotations(n, n.GetAnnotations())
		s := index.Service(n.GetNamespace(), n.GetName())
		if s == nil {
			continue
		}
		out, ok := i.service(n, s, index)
		if !ok {
			continue
		}
		i.Kept["Service"]++
		ns := i.namespace(n.GetNamespace())
		ns.Services = append(ns.Services, out)
	}
	for _, e := range index.Slices {
		if index.Service(e.Ref.Namespace, e.Service) == nil && len(e.IPs()) > 0 {
			i.addRef(leftOut, e.Ref, "has addresses of a Service that the input lacks, and is not imported: add services to kubectl get")
		}
	}
}

// leaveOutSlice leaves out an EndpointSlice or Endpoints, which Services represent.
func (i *importer) leaveOutSlice(n *yaml.RNode) {
	if of, _ := n.GetString("addressType"); of == "FQDN" {
		i.add(leftOut, n, "has DNS names instead of addresses, and is not imported: if pods connect to these names, list them in fqdns of their flows")
		return
	}
	i.LeftOut[n.GetKind()]++
}

// service converts a Service, and reports false for one without destination.
func (i *importer) service(n *yaml.RNode, s *resource.Service, index *resource.Index) (v1alpha1.ExternalService, bool) {
	out := v1alpha1.ExternalService{Name: s.Ref.Name, Ports: servicePorts(s)}
	if s.Type == "ExternalName" {
		out.ExternalName = s.ExternalName
		i.checkExact(n, out)
		return out, true
	}
	if len(s.Selector) > 0 {
		out.Selector = maps.Clone(s.Selector)
		if len(index.NonPodSlices(s)) > 0 {
			i.add(inexact, n, "has a selector, and EndpointSlices with addresses of no pods, which are not imported: write the Service and its EndpointSlices with the annotation config.kubernetes.io/local-config instead")
		}
	} else if out.Endpoints = i.endpointsOf(n, s, index); len(out.Endpoints) == 0 {
		return out, false
	}
	if s.Type != "ClusterIP" {
		out.Type = v1alpha1.ServiceType(s.Type)
	}
	out.Headless = s.Headless()
	out.ClusterIPs, out.ExternalIPs = texts(s.Addresses), texts(externalIPs(n))
	if s.Type == "LoadBalancer" {
		public := slices.DeleteFunc(texts(s.PublicAddresses), func(a string) bool { return slices.Contains(out.ExternalIPs, a) })
		if len(public) > 0 {
			out.LoadBalancerIPs = public
		}
		out.LoadBalancerSourceRanges = networks(s.SourceRanges)
		if hasPublicName(n) {
			i.add(inexact, n, "has a load balancer with a DNS name, which is not imported: if pods connect to that name, list it in clusterHostnames of the FenceProfile")
		}
	}
	if s.IsExposed() && s.ExternalTrafficPolicy == string(v1alpha1.TrafficLocal) {
		out.ExternalTrafficPolicy = v1alpha1.TrafficLocal
	}
	i.checkExact(n, out)
	return out, true
}

// endpointsOf returns the addresses of a Service without selector. It reports those that it omits.
func (i *importer) endpointsOf(n *yaml.RNode, s *resource.Service, index *resource.Index) []v1alpha1.ExternalEndpoints {
	out, without := serviceEndpoints(s, index.SlicesOf(s))
	switch {
	case len(out)+without == 0:
		i.add(leftOut, n, "has no selector, and the input has no EndpointSlice with its addresses, so it is not imported: add endpointslices to kubectl get")
	case len(out) == 0:
		i.add(leftOut, n, "has no selector, and none of its EndpointSlices has a port with the name of a port of the Service, so it is not imported: correct the names of the ports, or write the Service and its EndpointSlices with the annotation config.kubernetes.io/local-config")
	case without > 0:
		i.add(inexact, n, "has an EndpointSlice without a port of the Service, whose addresses are not imported: write the Service and its EndpointSlices with the annotation config.kubernetes.io/local-config instead")
	}
	return out
}

// checkExact reports a Service that differs from what is written of it. It is still imported.
func (i *importer) checkExact(n *yaml.RNode, s v1alpha1.ExternalService) {
	if difference := resource.ServiceDifference(n, s); difference != "" {
		i.add(inexact, n, "is not written exactly, because its "+difference+" cannot be expressed: write it with the annotation config.kubernetes.io/local-config instead")
	}
}

func servicePorts(s *resource.Service) []v1alpha1.ExternalServicePort {
	var out []v1alpha1.ExternalServicePort
	for _, p := range s.Ports {
		port := v1alpha1.ExternalServicePort{Name: p.Name, Port: p.Port, Protocol: protocol(string(p.Protocol))}
		if target := p.TargetPort; target != intstr.FromInt32(p.Port) {
			port.TargetPort = &target
		}
		if s.IsExposed() {
			port.NodePort = p.NodePort
		}
		out = append(out, port)
	}
	return out
}

// serviceEndpoints returns the addresses of a Service without selector, and the number of EndpointSlices
// without a port of the Service, to which no connection leads. Ports that equal those of the Service
// are omitted.
func serviceEndpoints(s *resource.Service, all []*resource.EndpointSlice) (out []v1alpha1.ExternalEndpoints, without int) {
	for _, e := range all {
		addresses := texts(e.IPs())
		if len(addresses) == 0 {
			continue
		}
		entry := v1alpha1.ExternalEndpoints{Addresses: addresses, Ports: endpointPorts(s, e)}
		if len(entry.Ports) == 0 && len(s.Ports) > 0 {
			without++
			continue
		}
		if len(entry.Ports) == len(s.Ports) && !slices.ContainsFunc(entry.Ports, func(p v1alpha1.ExternalEndpointPort) bool { return !isTarget(s, p) }) {
			entry.Ports = nil
		}
		out = append(out, entry)
	}
	return out, without
}

// endpointPorts returns the ports of an EndpointSlice that have the name and the protocol of a port
// of the Service. Connections to the Service lead to no other port.
func endpointPorts(s *resource.Service, e *resource.EndpointSlice) []v1alpha1.ExternalEndpointPort {
	var out []v1alpha1.ExternalEndpointPort
	for _, p := range e.Ports {
		named := slices.ContainsFunc(s.Ports, func(sp resource.ServicePort) bool { return sp.Name == p.Name && sp.Protocol == p.Protocol })
		port := v1alpha1.ExternalEndpointPort{Name: p.Name, Port: p.Port, Protocol: protocol(string(p.Protocol))}
		if named && p.Port > 0 && !slices.Contains(out, port) {
			out = append(out, port)
		}
	}
	return out
}

// isTarget reports whether a port is the target port of the Service's port with its name.
func isTarget(s *resource.Service, p v1alpha1.ExternalEndpointPort) bool {
	return slices.ContainsFunc(s.Ports, func(sp resource.ServicePort) bool {
		return sp.Name == p.Name && protocol(string(sp.Protocol)) == p.Protocol && sp.TargetPort == intstr.FromInt32(p.Port)
	})
}

// texts returns the addresses as sorted texts, without repetitions. None: nil.
func texts(addresses []netip.Addr) []string {
	var out []string
	for _, a := range slices.Compact(slices.SortedFunc(slices.Values(addresses), netip.Addr.Compare)) {
		out = append(out, a.String())
	}
	return out
}

// networks returns networks without host bits, as the API requires them.
func networks(texts []string) []string {
	var out []string
	for _, text := range texts {
		if p, err := netip.ParsePrefix(strings.TrimSpace(text)); err == nil && !slices.Contains(out, p.Masked().String()) {
			out = append(out, p.Masked().String())
		}
	}
	return out
}

func externalIPs(n *yaml.RNode) []netip.Addr {
	in, err := decode[struct {
		Spec struct {
			ExternalIPs []string `json:"externalIPs"`
		} `json:"spec"`
	}](n)
	if err != nil {
		return nil
	}
	var out []netip.Addr
	for _, text := range in.Spec.ExternalIPs {
		if a, err := netip.ParseAddr(text); err == nil {
			out = append(out, a.Unmap())
		}
	}
	return out
}

// hasPublicName reports whether a load balancer has a DNS name for a Service.
func hasPublicName(n *yaml.RNode) bool {
	in, err := decode[corev1.Service](n)
	return err == nil && slices.ContainsFunc(in.Status.LoadBalancer.Ingress, func(i corev1.LoadBalancerIngress) bool { return i.Hostname != "" })
}
