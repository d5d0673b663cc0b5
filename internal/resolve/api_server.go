package resolve

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// apiServerPeers are the destinations behind the Service of the apiserver: no pods, on the ports
// that the profile declares.
func (r *resolver) apiServerPeers(f *declaredFlow, at *field.Path) []resolvedPeer {
	entities := []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer}
	r.checkEntityLimits(f, entities, at)
	e := resolvedPeer{peer: policy.Peer{Kind: policy.Entities, Entities: entities}, path: at}
	if f.direction == flow.Ingress {
		return []resolvedPeer{e}
	}
	for _, p := range r.servicePorts(f, resource.APIServer(), f.ports, at) {
		e.limitPorts = append(e.limitPorts, flow.Port{Port: p.Port, Protocol: p.Protocol})
	}
	if len(e.limitPorts) == 0 {
		return nil
	}
	e.ports = resource.APIServerTargets(r.fence.Cluster, r.fence.Baseline)
	return []resolvedPeer{e}
}
