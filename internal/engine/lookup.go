package engine

import (
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	ciliumpolicy "github.com/cilium/cilium/pkg/policy"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Lookup decides one port for one case of a peer with the datapath's own lookup. It does not use rows:
// tests compare with it what the table decides.
func (t *table) Lookup(id endpoints.ID, d flow.Direction, peer flow.Case, ports flow.PortRange) (_ flow.Decision, err error) {
	s := t.ends[id-1].subject
	if s == nil {
		return flow.NotEnforced, t.ends[id-1].err
	}
	unlock, err := t.enter()
	if err != nil {
		return "", err
	}
	defer unlock()
	defer recoverError(&err)
	m, err := t.policyMapOf(s)
	if err != nil {
		return "", err
	}
	key := ciliumpolicy.EgressKey()
	if d == flow.Ingress {
		key = ciliumpolicy.IngressKey()
	}
	for _, proto := range protocolsOf(nil) {
		if protocolName(proto) == ports.Protocol {
			key = key.WithPortProto(proto, ports.First).WithIdentity(identity.NumericIdentity(peer.ID))
		}
	}
	entry, _, _ := m.endpointPolicy.Lookup(key)
	if entry.IsDeny() || t.needsAuthentication(entry.AuthRequirement) || !slices.Contains(t.Protocols(), ports.Protocol) {
		return flow.Denied, nil
	}
	return flow.Allowed, nil
}
