package draft

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// destination is where connections to a Service go, with the ports there.
type destination struct {
	to    endpoint
	ports []v1alpha1.Port
}

// maxAliases is how many Services of type ExternalName lead to one another at most.
const maxAliases = 4

// destinations are where connections to some ports of a Service go. No ports: every port of the Service.
// The evidence is for notes.
func (b *build) destinations(s *resource.Service, ports []v1alpha1.Port, evidence string) []destination {
	first := s
	for range maxAliases {
		host, ok := s.ExternalHost()
		if s.Type != "ExternalName" || !ok {
			break
		}
		next, found := b.serviceByHost(host, s.Ref.Namespace)
		if !found {
			return b.aliased(first, s, b.outside(host, orServicePorts(ports, s), evidence))
		}
		if next == nil {
			return nil
		}
		s = next
	}
	switch {
	case s.Type == "ExternalName":
		return nil
	case s.Ref.Namespace == "default" && s.Ref.Name == "kubernetes":
		return []destination{{to: apiServer()}}
	case len(s.Selector) == 0:
		return b.addressesBehind(s, ports)
	}
	return b.podsBehind(s, ports, evidence)
}

// aliased are destinations of a Service of type ExternalName, whose own name pods query.
func (b *build) aliased(s, last *resource.Service, destinations []destination) []destination {
	if s != last && len(destinations) > 0 {
		b.unseen(describe(s.Ref), fmt.Sprintf("is an ExternalName that leads to another one, %s/%s: no flow is written: set its externalName to %q", last.Ref.Namespace, last.Ref.Name, last.ExternalName))
		return nil
	}
	for i := range destinations {
		destinations[i].to.alias, destinations[i].to.name = s, s.Ref.Name
	}
	return destinations
}

func apiServer() endpoint { return endpoint{entity: v1alpha1.EntityKubeAPIServer, name: "apiserver"} }

func orServicePorts(ports []v1alpha1.Port, s *resource.Service) []v1alpha1.Port {
	if len(ports) > 0 {
		return ports
	}
	var out []v1alpha1.Port
	for _, p := range s.Ports {
		out = append(out, portOf(flow.Port{Port: p.Port, Protocol: p.Protocol}))
	}
	return out
}

// addressesBehind are the addresses of a Service without a selector.
func (b *build) addressesBehind(s *resource.Service, ports []v1alpha1.Port) []destination {
	var out []destination
	for _, slice := range b.index.SlicesOf(s) {
		to := ports
		if len(ports) == 0 || len(slice.Ports) > 0 {
			to = nil
			for _, p := range slice.Ports {
				if !named(s, ports, p.Name) {
					continue
				}
				to = append(to, portOf(flow.Port{Port: p.Port, Protocol: p.Protocol}))
			}
		}
		for _, text := range slice.Addresses {
			if a, err := netip.ParseAddr(text); err == nil && len(slice.PodAddresses()) == 0 {
				out = append(out, destination{to: addressEndpoint(a), ports: to})
			}
		}
	}
	if len(out) == 0 {
		b.unseen(describe(s.Ref), "has no selector, and the build has no EndpointSlice with addresses outside the cluster for it")
	}
	return out
}

// named reports whether ports of a Service include the one with a name. A Service with one port may have none.
func named(s *resource.Service, ports []v1alpha1.Port, name string) bool {
	if len(ports) == 0 || len(s.Ports) < 2 {
		return true
	}
	return slices.ContainsFunc(ports, func(p v1alpha1.Port) bool {
		return slices.ContainsFunc(matching(s, p), func(have resource.ServicePort) bool { return have.Name == name })
	})
}

func addressEndpoint(a netip.Addr) endpoint {
	return endpoint{cidr: netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()).String(), name: flowWord(a.String())}
}

// podsBehind is a Service with a selector. Clients of a headless Service may connect to any port of its
// pods.
func (b *build) podsBehind(s *resource.Service, ports []v1alpha1.Port, evidence string) []destination {
	var known, direct []v1alpha1.Port
	for _, p := range ports {
		switch {
		case len(matching(s, p)) > 0:
			known = append(known, p)
		case p.Protocol == "" && len(matching(s, datagram(p))) > 0:
			// The text has no protocol, as in STATSD_PORT.
			known = append(known, datagram(p))
		case s.Headless():
			direct = append(direct, p)
		default:
			b.review(evidence, fmt.Sprintf("names port %s of Service %s/%s, which has no such port: no flow is written for it", flow.DeclaredPort(p), s.Ref.Namespace, s.Ref.Name))
		}
	}
	var out []destination
	if len(known) > 0 || len(ports) == 0 {
		out = append(out, destination{to: endpoint{service: s, name: s.Ref.Name}, ports: known})
	}
	if len(direct) > 0 {
		out = append(out, destination{to: b.backends(s), ports: direct})
	}
	return out
}

func datagram(p v1alpha1.Port) v1alpha1.Port {
	p.Protocol = v1alpha1.UDP
	return p
}

// backends are the pods of a Service.
func (b *build) backends(s *resource.Service) endpoint {
	return b.selected(s.Ref.Namespace, s.Selector, s.Ref.Name)
}

// leavesCluster reports whether connections go to something else than pods.
func (b *build) leavesCluster(e endpoint) bool { return e.fqdn != "" || e.cidr != "" || e.entity != "" }

// matching are the ports of a Service with a number or name.
func matching(s *resource.Service, p v1alpha1.Port) []resource.ServicePort {
	want := flow.DeclaredPort(p)
	return slices.DeleteFunc(slices.Clone(s.Ports), func(have resource.ServicePort) bool {
		same := want.Name != "" && have.Name == want.Name || want.Name == "" && have.Port == want.Port
		return !same || have.Protocol != want.Protocol
	})
}

// targetPorts are the ports of the pods behind some ports of a Service, as policies name them. No ports:
// all of the Service.
func (b *build) targetPorts(s *resource.Service, ports []v1alpha1.Port) []v1alpha1.Port {
	list := s.Ports
	if len(ports) > 0 {
		list = nil
		for _, p := range ports {
			list = append(list, matching(s, p)...)
		}
	}
	var out []v1alpha1.Port
	for _, p := range list {
		out = append(out, b.podPorts(s.Ref.Namespace, s.Selector, p.Target())...)
	}
	slices.SortFunc(out, comparePorts)
	return slices.Compact(out)
}

// podPorts are a port of some pods, as policies name it: by its name if a container has it, and else by
// its number.
func (b *build) podPorts(namespace string, labels map[string]string, p flow.Port) []v1alpha1.Port {
	if p.Name == "" {
		return []v1alpha1.Port{portOf(p)}
	}
	named := false
	var numbers []v1alpha1.Port
	for _, w := range b.index.WorkloadsIn(namespace, endpoints.Selector{MatchLabels: labels}) {
		n, ok := w.ResolveTargetPort(p)
		switch {
		case !ok:
		case !w.HostNetwork && slices.Contains(w.Ports, endpoints.NamedPort{Name: p.Name, Port: uint16(n.Port), Protocol: p.Protocol}):
			named = true
		default:
			numbers = append(numbers, portOf(n))
		}
	}
	if named {
		return append([]v1alpha1.Port{portOf(p)}, numbers...)
	}
	return numbers
}
