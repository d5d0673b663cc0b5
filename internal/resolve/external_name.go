package resolve

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// resolveExternalName resolves an ExternalName Service to its name. Nothing translates its ports:
// clients use those of the flow, or else those of the Service.
func (r *resolver) resolveExternalName(f *flow, s *resource.Service, at *field.Path) ([]resolvedPeer, bool) {
	if f.direction == policy.Ingress {
		r.refuse(report.ExternalNameInIngress, f.ref, at, "Service %s/%s is an ExternalName, and a name cannot be a source: write a peer with cidrs", s.Ref.Namespace, s.Ref.Name)
		return nil, true
	}
	host, ok := s.ExternalHost()
	if !ok {
		r.refuse(report.ExternalNameInvalid, f.ref, at, "the externalName %q of Service %s/%s is no DNS name: correct it in the Service", s.ExternalName, s.Ref.Namespace, s.Ref.Name)
		return nil, true
	}
	r.checkNameLimit(f, host, fmt.Sprintf("name %q of Service %s/%s", host, s.Ref.Namespace, s.Ref.Name), at)
	ports := policy.ExpandProtocols(f.ports)
	if len(ports) == 0 {
		for _, p := range r.servicePorts(f, s, nil, at) {
			ports = append(ports, policy.Port{Port: p.Port, Protocol: p.Protocol})
		}
	}
	if len(ports) == 0 {
		return nil, true
	}
	resolvedPeers, found := r.resolveNames(f, flowNames{names: []string{host}, ports: ports, path: at, at: func(int) *field.Path { return at }})
	for i := range resolvedPeers {
		if resolvedPeers[i].limitPorts = ports; len(resolvedPeers[i].hostnames) == 0 {
			resolvedPeers[i].ports = ports
		}
	}
	return resolvedPeers, found
}
