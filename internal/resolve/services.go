package resolve

import (
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
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
	if !qualified {
		short, namespace = name, r.namespaceOfService(f, name)
	}
	if namespace+"/"+short == "default/kubernetes" {
		return r.apiServerEnds(f, at), true
	}
	if !r.reachesNamespace(f, namespace, at) {
		return nil, true
	}
	s := r.index.Service(namespace, short)
	if s == nil {
		return nil, r.missing(f, at, "Service %q is not in the build: correct the name, tell the Service as inventory, or say optional: true", name)
	}
	switch {
	case s.Type == "ExternalName":
		return r.externalNameEnds(f, s, at), true
	case len(s.Selector) == 0:
		return r.sliceEnds(f, s, at), true
	default:
		return r.selectorEnds(f, s, at)
	}
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
		e.ports = []policy.Port{{Port: 443, Protocol: v1alpha1.TCP}, {Port: 6443, Protocol: v1alpha1.TCP}}
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

// targetPorts are the pods' ports behind the wanted ports of a Service: all of
// them, where none is named.
func (r *resolver) targetPorts(f *flow, s *resource.Service, wanted []policy.Port, at *field.Path) []policy.Port {
	var out []policy.Port
	take := func(p resource.ServicePort) {
		port := policy.Port{Protocol: p.Protocol}
		if p.TargetPort.Type == intstr.String {
			port.Name = p.TargetPort.StrVal
		} else {
			port.Port = p.TargetPort.IntVal
		}
		if s.Headless() && port.Port != p.Port {
			r.warn("headless-target-port", s.Ref, field.NewPath("spec", "ports"),
				"is headless, so nothing translates port %d to %s: clients that dial %d are denied; make port and targetPort equal, or have clients dial %s", p.Port, port, p.Port, port)
		}
		if !slices.Contains(out, port) {
			out = append(out, port)
		}
	}
	if len(wanted) == 0 {
		for _, p := range s.Ports {
			take(p)
		}
	}
	for i, w := range wanted {
		j := slices.IndexFunc(s.Ports, func(p resource.ServicePort) bool {
			return p.Protocol == w.Protocol && (w.Name != "" && p.Name == w.Name || w.Name == "" && p.Port == w.Port)
		})
		if j < 0 || w.End > w.Port {
			r.refuse("no-such-port", f.ref, f.path.Child("ports").Index(i), "Service %s/%s has no port %s: beside service, ports are the Service's own, each by name or number", s.Ref.Namespace, s.Ref.Name, w)
			continue
		}
		take(s.Ports[j])
	}
	if len(s.Ports) == 0 {
		r.refuse("no-such-port", f.ref, at, "Service %s/%s has no ports: name the pods and their own ports", s.Ref.Namespace, s.Ref.Name)
	}
	return out
}

func (r *resolver) externalNameEnds(f *flow, s *resource.Service, at *field.Path) []end {
	if f.direction == policy.Ingress {
		r.refuse("name-in-ingress", f.ref, at, "Service %s/%s is an ExternalName, and a name cannot be a source: give its cidrs", s.Ref.Namespace, s.Ref.Name)
		return nil
	}
	names := []string{strings.TrimSuffix(strings.ToLower(s.ExternalName), ".")}
	ok := slices.ContainsFunc(f.limits().FQDNs, func(limit string) bool { return policy.Covers(limit, names[0]) })
	r.within(f, ok, "fqdn-outside-limits", at, "name "+quoted(names), "fqdns")
	e := end{peer: policy.Peer{Kind: policy.FQDNs, FQDNs: names}, path: at}
	if len(f.ports) == 0 {
		if e.ports = r.targetPorts(f, s, nil, at); len(e.ports) == 0 {
			return nil
		}
	}
	return []end{e}
}

// sliceEnds are the addresses of a Service without a selector, port by port.
func (r *resolver) sliceEnds(f *flow, s *resource.Service, at *field.Path) []end {
	var out []end
	for _, slice := range r.index.SlicesOf(s) {
		var cidrs []string
		for _, a := range slice.Addresses {
			if ip, err := netip.ParseAddr(a); err == nil {
				cidrs = append(cidrs, netip.PrefixFrom(ip, ip.BitLen()).String())
			}
		}
		ports := r.slicePorts(f, s, slice)
		if len(cidrs) == 0 || f.direction == policy.Egress && len(ports) == 0 {
			continue
		}
		if !r.within(f, subset(setOf(cidrs, nil), setOf(f.limits().CIDRs, nil)), "cidr-outside-limits", at, "networks "+quoted(cidrs), "cidrs") {
			continue
		}
		slices.Sort(cidrs)
		out = append(out, end{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: slices.Compact(cidrs)}, ports: ports, path: at})
	}
	if len(out) == 0 {
		r.refuse("service-without-endpoints", f.ref, at, "Service %s/%s has no selector, and no EndpointSlice in the build gives it addresses within limits: tell its EndpointSlice as inventory, or give cidrs", s.Ref.Namespace, s.Ref.Name)
	}
	return out
}

// slicePorts are an EndpointSlice's ports behind the wanted ports of its Service.
func (r *resolver) slicePorts(f *flow, s *resource.Service, slice *resource.EndpointSlice) []policy.Port {
	if f.direction == policy.Ingress {
		return nil
	}
	var out []policy.Port
	for _, p := range s.Ports {
		if len(f.ports) > 0 && !slices.ContainsFunc(f.ports, func(w policy.Port) bool {
			return p.Protocol == w.Protocol && (w.Name != "" && p.Name == w.Name || w.Name == "" && p.Port == w.Port)
		}) {
			continue
		}
		for _, sp := range slice.Ports {
			if sp.Name == p.Name && sp.Protocol == p.Protocol {
				out = append(out, policy.Port{Port: sp.Port, Protocol: sp.Protocol})
			}
		}
	}
	return out
}
