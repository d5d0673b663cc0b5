package resolve

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// resolveExternalName resolves an ExternalName Service to its externalName and to its own name, which pods
// query. The answer to that query has the addresses, and agents learn them for the queried name alone: they
// follow no CNAME. Nothing translates ports: clients use those of the flow, or else those of the Service.
func (r *resolver) resolveExternalName(f *declaredFlow, s *resource.Service, at *field.Path) ([]resolvedPeer, bool) {
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
