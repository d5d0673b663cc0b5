package draft

import (
	"fmt"
	"net/netip"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// findExposed finds what clients outside the cluster reach: Services of type LoadBalancer or NodePort, and
// host ports.
func (b *build) findExposed() {
	for _, s := range b.index.Services {
		if s.IsExposed() && len(s.Selector) > 0 {
			b.addExposed(s)
		}
	}
	for _, w := range b.index.Workloads {
		if w.HostNetwork {
			continue
		}
		for _, p := range w.HostPorts {
			b.add(flow{from: endpoint{entity: v1alpha1.EntityWorld, name: "world"}, to: b.podsOf(w), ports: []v1alpha1.Port{portOf(p.Port)}, evidence: []string{fmt.Sprintf("%s hostPort %d", short(w.Ref), p.Host.Port)}})
		}
	}
}

func (b *build) addExposed(s *resource.Service) {
	evidence := fmt.Sprintf("Service/%s type %s", s.Ref.Name, s.Type)
	to := endpoint{service: s, name: s.Ref.Name}
	if len(s.SourceRanges) == 0 || s.Type != "LoadBalancer" {
		b.add(flow{from: endpoint{entity: v1alpha1.EntityWorld, name: "world"}, to: to, everyPort: true, evidence: []string{evidence}})
	} else {
		for _, text := range s.SourceRanges {
			if p, err := netip.ParsePrefix(text); err == nil {
				b.add(flow{from: endpoint{cidr: p.Masked().String(), name: flowWord(p.Masked().String())}, to: to, everyPort: true, evidence: []string{evidence + " loadBalancerSourceRanges"}})
			}
		}
	}
	if s.TranslatesSource() && b.tenantOf[s.Ref.Namespace] != "" {
		b.review(describe(s.Ref), "does not set externalTrafficPolicy: Local, so pods may see the address of a node instead of the client's: set it, or allow the entities host and remote-node in the Tenant too")
	}
}
