package engine

import (
	"maps"
	"net/netip"
	"strings"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// subjectOf returns a pod as Cilium selects it, a node as its own agent selects it, or an endpoint of
// Cilium itself. It returns nil for endpoints that policies of this cluster do not select.
func (t *table) subjectOf(ep endpoints.Endpoint) (*subject, error) {
	own, isOwn := ownEndpoints[v1alpha1.Entity(ep.Name)]
	switch {
	case ep.Kind == endpoints.NodeEndpoint:
		return newSubject(t.node(ep), nil, true), nil
	case ep.Kind == endpoints.EntityEndpoint && isOwn:
		s := newSubject(reserved(own), nil, false)
		s.optional = true
		return s, nil
	case !ep.IsSelected():
		return nil, nil
	}
	id, ports, err := t.pod(ep)
	s := newSubject(id, ports, false)
	if s != nil {
		s.namespace = ep.Namespace
	}
	return s, err
}

// ownEndpoints are the entities for Cilium's own endpoints on each node. Policies can select
// them.
var ownEndpoints = map[v1alpha1.Entity]identity.NumericIdentity{
	v1alpha1.EntityIngress: identity.ReservedIdentityIngress,
	v1alpha1.EntityHealth:  identity.ReservedIdentityHealth,
}

// node returns the host endpoint of a node. Every agent gives its own node the same number, and
// selects it by the labels of the node. So each node has an identity of its own, with the same
// number.
func (t *table) node(ep endpoints.Endpoint) *identity.Identity {
	own, _ := labelsfilter.Filter(labels.Map2Labels(ep.Labels, labels.LabelSourceK8s))
	return identity.NewIdentity(identity.ReservedIdentityHost, mergeLabels(labels.LabelHost, own))
}

// nodeVariants returns a node as the policies of a pod see it: the pod's own node, or another.
func (t *table) nodeVariants() ([]variant, error) {
	others, err := t.atAddresses(reserved(identity.ReservedIdentityRemoteNode), "on another node")
	own := variant{id: reserved(identity.ReservedIdentityHost), when: "on the pod's own node", ownNode: true}
	return append([]variant{own}, others...), err
}

// atAddresses returns the identities of another node. If networks match nodes, it also returns
// one at an address in each network of the policies.
func (t *table) atAddresses(node *identity.Identity, when string) ([]variant, error) {
	out := []variant{{id: node, when: when}}
	switch {
	case !t.matchesNodes():
		return out, nil
	case t.nodeAddresses != nil:
		numbered, err := t.numberedNodes(node, when)
		return append(out, numbered...), err
	}
	for _, ep := range addressInEach(t.nodeNetworks(t.prefixes)) {
		addr, err := netip.ParseAddr(ep.Name)
		if err != nil {
			return nil, err
		}
		id, err := t.identity(mergeLabels(node.Labels, nodeAddressLabels(addr)))
		if err != nil {
			return nil, err
		}
		out = append(out, variant{id: id, when: strings.TrimSpace(when + " at " + addr.String()), at: &ep})
	}
	return out, nil
}

// nodeAddressLabels are the labels that a node has from its address, if networks match nodes.
func nodeAddressLabels(addr netip.Addr) labels.Labels {
	out := labels.GetCIDRLabels(netip.PrefixFrom(addr, addr.BitLen()))
	maps.DeleteFunc(out, func(_ string, l labels.Label) bool { return l.Source == labels.LabelSourceReserved })
	return out
}

// nodeNetworks returns the parts of networks in which nodes may have addresses.
func (p *Program) nodeNetworks(networks []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, network := range networks {
		if len(p.options.NodeCIDRs) == 0 {
			out = append(out, network)
		}
		for _, c := range p.options.NodeCIDRs {
			if nodes, err := netip.ParsePrefix(c); err == nil && nodes.Overlaps(network) {
				// If two networks overlap, one contains the other.
				if network.Bits() > nodes.Bits() {
					nodes = network
				}
				out = append(out, nodes)
			}
		}
	}
	return out
}

// matchesNodes reports whether networks match the addresses of nodes.
func (p *Program) matchesNodes() bool { return p.agent.Value(cilium.CIDRMatchMode) == "nodes" }

// triesNodes reports whether networks match nodes only in a trial of the setting, which has no source.
func (p *Program) triesNodes() bool {
	_, from, _ := p.agent.Explicit(cilium.CIDRMatchMode)
	return p.matchesNodes() && from == ""
}
