package resolve

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// apiServer is the Service of the cluster's apiserver, as everyone knows it. What is
// behind it is no pod, and says its ports in the profile.
var apiServer = &resource.Service{
	Ref:   policy.Ref{Namespace: "default", Name: "kubernetes"},
	Ports: []resource.ServicePort{{Name: "https", Port: 443, Protocol: v1alpha1.TCP, TargetPort: intstr.FromInt32(443)}},
}

func (r *resolver) apiServerEnds(f *flow, at *field.Path) []end {
	entities := []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer}
	r.entitiesWithin(f, entities, at)
	e := end{peer: policy.Peer{Kind: policy.Entities, Entities: entities}, path: at}
	if f.direction == policy.Ingress {
		return []end{e}
	}
	for _, p := range r.servicePorts(f, apiServer, f.ports, at) {
		e.asked = append(e.asked, policy.Port{Port: p.Port, Protocol: p.Protocol})
	}
	if len(e.asked) == 0 {
		return nil
	}
	ports := v1alpha1.APIServerPorts()
	if api := r.profile.Spec.Baseline.APIServer; api != nil && len(api.Ports) > 0 {
		ports = api.Ports
	}
	for _, p := range ports {
		e.ports = append(e.ports, policy.Port{Port: p, Protocol: v1alpha1.TCP})
	}
	return []end{e}
}
