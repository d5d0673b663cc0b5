package resolve

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// serviceEnds are the pods and target ports behind a Service, or what it stands for
// instead: policies are decided after Service translation.
func (r *resolver) serviceEnds(f *flow, name string, at *field.Path) ([]end, bool) {
	if r.index.Blind {
		r.refuse("service-in-generator", f.ref, at, "a generator sees no Services: name the pods and their own ports, or list the fence in transformers")
		return nil, true
	}
	namespace, short, qualified := strings.Cut(name, "/")
	if !qualified && len(f.tenant.Namespaces) == 0 {
		// That the tenant has none is refused already.
		return nil, true
	}
	if !qualified {
		short, namespace = name, r.namespaceOfService(f, name)
	}
	if namespace+"/"+short == "default/kubernetes" {
		return r.apiServerEnds(f, at), true
	}
	if r.unreadNamespaces[namespace] || !r.reachesNamespace(f, namespace, at) {
		return nil, true
	}
	s := r.index.Service(namespace, short)
	if s == nil {
		return nil, r.missing(f, at, "Service %q is not in the build: correct the name, tell the Service as inventory, or say optional: true", name)
	}
	switch {
	case s.Type == "ExternalName":
		return r.externalNameEnds(r.limited(f, s), s, at), true
	case len(s.Selector) == 0:
		return r.sliceEnds(r.limited(f, s), s, at), true
	default:
		return r.selectorEnds(f, s, at)
	}
}

// limited is the flow under its tenant's limits, also where the profile says it, if a
// tenant writes the Service: the profile has not seen what that stands for.
func (r *resolver) limited(f *flow, s *resource.Service) *flow {
	out := *f
	out.every = f.every && r.owner[s.Ref.Namespace] == nil
	return &out
}

// namespaceOfService finds an unqualified name among the tenant's own namespaces.
func (r *resolver) namespaceOfService(f *flow, name string) string {
	for _, ns := range f.tenant.Namespaces {
		if r.index.Service(ns, name) != nil {
			return ns
		}
	}
	if len(f.tenant.Namespaces) > 0 {
		return f.tenant.Namespaces[0]
	}
	return ""
}

func (r *resolver) apiServerEnds(f *flow, at *field.Path) []end {
	entities := []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer}
	r.entitiesWithin(f, entities, at)
	e := end{peer: policy.Peer{Kind: policy.Entities, Entities: entities}, path: at}
	if f.direction == policy.Egress {
		ports := []int32{443, 6443}
		if api := r.profile.Spec.Baseline.APIServer; api != nil && len(api.Ports) > 0 {
			ports = api.Ports
		}
		for _, p := range ports {
			e.ports = append(e.ports, policy.Port{Port: p, Protocol: v1alpha1.TCP})
		}
	}
	return []end{e}
}

func (r *resolver) selectorEnds(f *flow, s *resource.Service, at *field.Path) ([]end, bool) {
	pods := policy.Selector{MatchLabels: s.Selector}
	peers := r.podEnds([]string{s.Ref.Namespace}, pods)
	if len(peers) == 0 {
		return nil, r.missing(f, at, "the selector of Service %s/%s selects no pod in the build: correct it, tell the pods as inventory, or say optional: true", s.Ref.Namespace, s.Ref.Name)
	}
	e := end{peer: peers[0], path: at}
	if t := r.owner[s.Ref.Namespace]; t != nil && t != f.tenant && !f.every {
		e.tenant = t
	}
	if f.direction == policy.Egress {
		e.ports = r.targetPorts(f, s, f.ports, at)
		if len(e.ports) == 0 {
			return nil, true
		}
	}
	return []end{e}, true
}

// targetPorts are the pods' ports behind the wanted ports of a Service.
func (r *resolver) targetPorts(f *flow, s *resource.Service, wanted []policy.Port, at *field.Path) []policy.Port {
	var out []policy.Port
	for _, p := range r.servicePorts(f, s, wanted, at) {
		port := p.Target()
		if s.Headless() && !r.dialled(s, p, port) {
			r.warn("headless-target-port", s.Ref, field.NewPath("spec", "ports"),
				"is headless, so nothing translates port %d to %s: clients that dial %d are denied; make port and targetPort equal, or have clients dial %s", p.Port, port, p.Port, port)
		}
		if !slices.Contains(out, port) {
			out = append(out, port)
		}
	}
	return out
}

// dialled says whether a target port is the number that clients of a headless
// Service dial, on every pod behind it.
func (r *resolver) dialled(s *resource.Service, p resource.ServicePort, target policy.Port) bool {
	if target.Name == "" {
		return target.Port == p.Port
	}
	for _, w := range r.index.In(s.Ref.Namespace, policy.Selector{MatchLabels: s.Selector}) {
		if !slices.Contains(w.Ports, policy.NamedPort{Name: target.Name, Port: uint16(p.Port), Protocol: p.Protocol}) {
			return false
		}
	}
	return true
}

// servicePorts are the wanted ports of a Service: all of them, where none is named.
func (r *resolver) servicePorts(f *flow, s *resource.Service, wanted []policy.Port, at *field.Path) []resource.ServicePort {
	if len(s.Ports) == 0 {
		r.refuse("no-such-port", f.ref, at, "Service %s/%s has no ports: name the pods and their own ports", s.Ref.Namespace, s.Ref.Name)
		return nil
	}
	for _, p := range s.Ports {
		if !usable(p) {
			r.refuse("unusable-port", s.Ref, field.NewPath("spec", "ports"), "port %d/%s with target port %s is none that Kubernetes takes: correct it, since a policy with it would be rejected", p.Port, p.Protocol, p.TargetPort.String())
			return nil
		}
	}
	if len(wanted) == 0 {
		return s.Ports
	}
	var out []resource.ServicePort
	for i, w := range wanted {
		j := slices.IndexFunc(s.Ports, func(p resource.ServicePort) bool {
			return p.Protocol == w.Protocol && (w.Name != "" && p.Name == w.Name || w.Name == "" && p.Port == w.Port)
		})
		if j < 0 || w.End > w.Port {
			r.refuse("no-such-port", f.ref, f.path.Child("ports").Index(i), "Service %s/%s has no port %s: beside service, ports are the Service's own, each by name or number", s.Ref.Namespace, s.Ref.Name, w)
			continue
		}
		out = append(out, s.Ports[j])
	}
	return out
}

// maxPort is the highest port.
const maxPort = 65535

// usable says whether a Service's port can stand in a policy. A tenant may write
// anything there, and some policies hold the ports of several tenants.
func usable(p resource.ServicePort) bool {
	if p.Protocol != v1alpha1.TCP && p.Protocol != v1alpha1.UDP && p.Protocol != v1alpha1.SCTP {
		return false
	}
	if p.TargetPort.Type == intstr.String {
		return len(validation.IsValidPortName(p.TargetPort.StrVal)) == 0
	}
	return p.Port > 0 && p.Port <= maxPort && p.TargetPort.IntVal > 0 && p.TargetPort.IntVal <= maxPort
}

// externalNameEnds is the name that a Service stands for. Nothing translates its
// ports: the flow's are dialled, or else the Service's.
func (r *resolver) externalNameEnds(f *flow, s *resource.Service, at *field.Path) []end {
	if f.direction == policy.Ingress {
		r.refuse("name-in-ingress", f.ref, at, "Service %s/%s is an ExternalName, and a name cannot be a source: give its cidrs", s.Ref.Namespace, s.Ref.Name)
		return nil
	}
	names := []string{strings.TrimSuffix(strings.ToLower(s.ExternalName), ".")}
	if len(validation.IsDNS1123Subdomain(names[0])) > 0 {
		r.refuse("unusable-external-name", f.ref, at, "the externalName %q of Service %s/%s is not a name: correct it", s.ExternalName, s.Ref.Namespace, s.Ref.Name)
		return nil
	}
	if !slices.ContainsFunc(f.limits().FQDNs, func(limit string) bool { return policy.Covers(limit, names[0]) }) {
		r.beyond(f, "fqdn-outside-limits", at, fmt.Sprintf("name %q of Service %s/%s", names[0], s.Ref.Namespace, s.Ref.Name), "fqdns")
	}
	ports := slices.Clone(f.ports)
	if len(ports) == 0 {
		for _, p := range r.servicePorts(f, s, nil, at) {
			ports = append(ports, policy.Port{Port: p.Port, Protocol: p.Protocol})
		}
	}
	if len(ports) == 0 {
		return nil
	}
	return []end{{peer: policy.Peer{Kind: policy.FQDNs, FQDNs: names}, ports: ports, path: at}}
}

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
	for _, slice := range r.index.SlicesOf(s) {
		cidrs, ports := addressesOf(slice), slicePorts(slice, wanted)
		if len(cidrs) == 0 || f.direction == policy.Egress && len(ports) == 0 {
			continue
		}
		for _, c := range cidrs {
			if !subset(setOf([]string{c}, nil), setOf(f.limits().CIDRs, nil)) {
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

// addressesOf are an EndpointSlice's addresses, each as a network.
func addressesOf(slice *resource.EndpointSlice) []string {
	var out []string
	for _, a := range slice.Addresses {
		if ip, err := netip.ParseAddr(a); err == nil && ip.Zone() == "" {
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
