package engine

import (
	"fmt"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/types"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// portRegistry resolves named ports of egress rules, which are ports of the destination. In
// Cilium 1.20, a name is ambiguous if two pods of one identity define it as different numbers:
// no egress rule with that name matches these pods.
type portRegistry struct {
	types.NamedPortMultiMap
	learn func(id identity.NumericIdentity, before, after types.NamedPortMap) bool
}

func newPortRegistry() portRegistry {
	m := types.NewNamedPortMultiMap()
	return portRegistry{NamedPortMultiMap: m, learn: m.Update}
}

// GetNamedPorts returns the registry to Cilium.
func (r portRegistry) GetNamedPorts() types.NamedPortMultiMap { return r.NamedPortMultiMap }

// conflictingPorts returns the named ports that have several numbers among all pods. Before
// Cilium 1.20, an egress rule with such a name matches no pod.
func conflictingPorts(pods []endpoints.Endpoint) map[endpoints.NamedPort]bool {
	numbers, out := map[endpoints.NamedPort]uint16{}, map[endpoints.NamedPort]bool{}
	for _, ep := range pods {
		for _, p := range ep.Ports {
			name := endpoints.NamedPort{Name: p.Name, Protocol: defaultProtocol(p.Protocol)}
			if have, ok := numbers[name]; ok && have != p.Port {
				out[name] = true
			}
			numbers[name] = p.Port
		}
	}
	return out
}

// ConflictingPorts describes the named ports that an egress rule does not resolve, because pods of the cluster give them
// different numbers. It is empty from Cilium 1.20.
func ConflictingPorts(a cilium.Agent, pods []endpoints.Endpoint) []string {
	if a.Has(cilium.NamedEgressPorts) {
		return nil
	}
	var out []string
	for p := range conflictingPorts(pods) {
		out = append(out, p.Name+"/"+string(p.Protocol))
	}
	slices.Sort(out)
	return out
}

// egressPorts returns the ports of a pod that egress rules of other pods resolve by name.
func (t *table) egressPorts(ports []endpoints.NamedPort) []endpoints.NamedPort {
	return slices.DeleteFunc(slices.Clone(ports), func(p endpoints.NamedPort) bool {
		return t.conflictingPorts[endpoints.NamedPort{Name: p.Name, Protocol: defaultProtocol(p.Protocol)}]
	})
}

func namedPorts(ports []endpoints.NamedPort) (types.NamedPortMap, error) {
	named := types.NamedPortMap{}
	for _, p := range ports {
		if err := named.AddPort(p.Name, int(p.Port), string(defaultProtocol(p.Protocol))); err != nil {
			return nil, fmt.Errorf("port %q: %w", p.Name, err)
		}
	}
	return named, nil
}

func defaultProtocol(p v1alpha1.Protocol) v1alpha1.Protocol {
	if p == "" {
		return v1alpha1.TCP
	}
	return p
}
