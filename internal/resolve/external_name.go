package resolve

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// externalNameEnds is the name that a Service stands for. Nothing translates its
// ports: the flow's are dialled, or else the Service's.
func (r *resolver) externalNameEnds(f *flow, s *resource.Service, at *field.Path) ([]end, bool) {
	if f.direction == policy.Ingress {
		r.refuse("name-in-ingress", f.ref, at, "Service %s/%s is an ExternalName, and a name cannot be a source: give its cidrs", s.Ref.Namespace, s.Ref.Name)
		return nil, true
	}
	host, ok := s.ExternalHost()
	if !ok {
		r.refuse("unusable-external-name", f.ref, at, "the externalName %q of Service %s/%s is not a name: correct it", s.ExternalName, s.Ref.Namespace, s.Ref.Name)
		return nil, true
	}
	r.nameWithin(f, host, fmt.Sprintf("name %q of Service %s/%s", host, s.Ref.Namespace, s.Ref.Name), at)
	ports := policy.EachProtocol(f.ports)
	if len(ports) == 0 {
		for _, p := range r.servicePorts(f, s, nil, at) {
			ports = append(ports, policy.Port{Port: p.Port, Protocol: p.Protocol})
		}
	}
	if len(ports) == 0 {
		return nil, true
	}
	ends, found := r.nameEnds(f, askedNames{names: []string{host}, ports: ports, path: at, at: func(int) *field.Path { return at }})
	for i := range ends {
		if ends[i].asked = ports; len(ends[i].names) == 0 {
			ends[i].ports = ports
		}
	}
	return ends, found
}
