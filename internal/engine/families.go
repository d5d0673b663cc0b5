package engine

import (
	"fmt"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/u8proto"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// family is an IP family that agents handle: what is outside the cluster has an identity in
// each. With one family alone, that is the identity world.
type family struct {
	// what distinguishes it in a note.
	what   string
	id     identity.NumericIdentity
	world  labels.Labels
	entity v1alpha1.Entity
}

func (e *Engine) families() []family {
	ipv4 := family{"over IPv4", identity.ReservedIdentityWorldIPv4, labels.LabelWorldIPv4, v1alpha1.EntityWorldIPv4}
	ipv6 := family{"over IPv6", identity.ReservedIdentityWorldIPv6, labels.LabelWorldIPv6, v1alpha1.EntityWorldIPv6}
	if e.agent.DualStack() {
		return []family{ipv4, ipv6}
	}
	only := ipv4
	if e.agent.On(policy.EnableIPv6) {
		only = ipv6
	}
	return []family{{id: identity.ReservedIdentityWorld, world: labels.LabelWorld, entity: only.entity}}
}

// worldOf returns the identity of the world in one family: none where agents do not handle
// the family.
func (e *Engine) worldOf(entity v1alpha1.Entity) ([]variant, error) {
	for _, f := range e.families() {
		if f.entity == entity {
			return []variant{{id: reserved(f.id)}}, nil
		}
	}
	return nil, fmt.Errorf("agents do not handle the family of entity %q: %s is %s, and %s is %s",
		entity, policy.EnableIPv4, e.agent.Value(policy.EnableIPv4), policy.EnableIPv6, e.agent.Value(policy.EnableIPv6))
}

// handles reports whether agents pass a protocol on at all, where policies allow it.
func (e *Engine) handles(proto u8proto.U8proto) bool {
	return e.agent.Handles(protocolName(proto))
}

// handled are the protocols that agents pass on.
func (e *Engine) handled(all []u8proto.U8proto) []u8proto.U8proto {
	return slices.DeleteFunc(slices.Clone(all), func(p u8proto.U8proto) bool { return !e.handles(p) })
}
