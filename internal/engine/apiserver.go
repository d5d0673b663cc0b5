package engine

import (
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// apiServerOutside returns the identities of an apiserver outside the cluster, one for each of
// its known addresses of a family. An agent labels such an address as the apiserver, and with
// the networks that contain it.
func (t *table) apiServerOutside(f family) ([]variant, error) {
	var out []variant
	for _, ep := range t.apiServerAddresses() {
		addr, err := netip.ParseAddr(ep.Name)
		if err != nil {
			return nil, err
		}
		if addr.Is4() != (f.entity == v1alpha1.EntityWorldIPv4) {
			continue
		}
		all, err := t.address(addr, []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer})
		if err != nil {
			return nil, err
		}
		out = append(out, variant{id: all[0].id, when: "for an apiserver at " + ep.Name, at: &ep, outside: true})
	}
	return out, nil
}

// apiServerAddresses returns an address of the apiserver for each network that policies
// distinguish within its own networks. Addresses of nodes are excluded.
func (p *Program) apiServerAddresses() []endpoints.Endpoint {
	var all []netip.Prefix
	var own netipx.IPSetBuilder
	for _, p := range p.options.APIServer {
		own.AddPrefix(p)
	}
	for _, p := range p.options.Nodes {
		own.RemovePrefix(p)
	}
	at, err := own.IPSet()
	if err != nil {
		return nil
	}
	all = append(at.Prefixes(), slices.DeleteFunc(slices.Clone(p.prefixes), func(p netip.Prefix) bool { return !at.ContainsPrefix(p) })...)
	return addressInEach(all)
}
