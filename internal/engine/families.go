package engine

import (
	"fmt"
	"net/netip"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
)

// family is an IP family that agents handle. Endpoints outside the cluster have one identity
// in each family. With a single family, it is the identity world.
type family struct {
	// when describes the family in a note, "over IPv4".
	when   string
	id     identity.NumericIdentity
	world  labels.Labels
	entity v1alpha1.Entity
}

func (p *Program) families() []family {
	ipv4 := family{"over IPv4", identity.ReservedIdentityWorldIPv4, labels.LabelWorldIPv4, v1alpha1.EntityWorldIPv4}
	ipv6 := family{"over IPv6", identity.ReservedIdentityWorldIPv6, labels.LabelWorldIPv6, v1alpha1.EntityWorldIPv6}
	if p.agent.DualStack() {
		return []family{ipv4, ipv6}
	}
	only := ipv4
	if p.agent.Enabled(cilium.EnableIPv6) {
		only = ipv6
	}
	return []family{{id: identity.ReservedIdentityWorld, world: labels.LabelWorld, entity: only.entity}}
}

// coveringAddresses returns an address of each of the largest networks in policies if these networks
// together contain every address of a family. No address of that family is outside of them
// then. It ignores 0.0.0.0/0 and ::/0, because their identity is that of the world.
func (p *Program) coveringAddresses(f family) ([]netip.Addr, error) {
	var all netipx.IPSetBuilder
	var prefixes []netip.Prefix
	for _, p := range p.prefixes {
		if p.Bits() > 0 && p.Addr().Is4() == (f.entity == v1alpha1.EntityWorldIPv4) {
			all.AddPrefix(p)
			prefixes = append(prefixes, p)
		}
	}
	set, err := all.IPSet()
	if err != nil || len(set.Prefixes()) != 1 || set.Prefixes()[0].Bits() != 0 {
		return nil, err
	}
	var out []netip.Addr
	var outer netip.Prefix
	for _, ep := range addressInEach(prefixes) {
		// Skip networks within the one before.
		if outer.IsValid() && outer.Contains(ep.Network.Addr()) {
			continue
		}
		outer = ep.Network
		addr, err := netip.ParseAddr(ep.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, addr)
	}
	return out, nil
}

// worldIdentity returns the identity of the world in one family. It returns an error if agents
// do not handle the family.
func (p *Program) worldIdentity(entity v1alpha1.Entity) ([]variant, error) {
	for _, f := range p.families() {
		if f.entity == entity {
			return []variant{{id: reserved(f.id)}}, nil
		}
	}
	return nil, fmt.Errorf("agents do not handle the family of entity %q: %s is %s, and %s is %s",
		entity, cilium.EnableIPv4, p.agent.Value(cilium.EnableIPv4), cilium.EnableIPv6, p.agent.Value(cilium.EnableIPv6))
}
