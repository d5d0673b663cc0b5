package engine

import (
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Lookup returns a function that decides one port for one case of a peer with the datapath's own lookup, at an
// endpoint. It does not use rows: tests compare with it what the table decides.
func (t *table) Lookup(id endpoints.ID) (_ func(flow.Direction, flow.Case, flow.PortRange) flow.Decision, err error) {
	s := t.ends[id-1].subject
	if s == nil {
		return func(flow.Direction, flow.Case, flow.PortRange) flow.Decision { return flow.NotEnforced }, t.ends[id-1].err
	}
	unlock, err := t.enter(t.user)
	if err != nil {
		return nil, err
	}
	defer unlock()
	defer recoverError(&err)
	m, err := t.policyMapOf(s)
	if err != nil {
		return nil, err
	}
	return m.lookup, nil
}

func (d *policyMap) lookup(direction flow.Direction, peer flow.Case, ports flow.PortRange) flow.Decision {
	key := ciliumpolicy.EgressKey()
	if direction == flow.Ingress {
		key = ciliumpolicy.IngressKey()
	}
	for _, proto := range protocolsOf(nil) {
		if protocolName(proto) == ports.Protocol {
			key = key.WithPortProto(proto, ports.First).WithIdentity(identity.NumericIdentity(peer.ID))
		}
	}
	entry, _, _ := d.endpointPolicy.Lookup(key)
	if entry.IsDeny() || d.needsAuthentication(entry.AuthRequirement) || !slices.Contains(d.Protocols(), ports.Protocol) {
		return flow.Denied
	}
	return flow.Allowed
}
