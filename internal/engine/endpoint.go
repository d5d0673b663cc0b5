package engine

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// learn finds the identities that an endpoint may have, and the peers that openings list for it.
func (t *table) learn(ep endpoints.Endpoint) (end, []flow.Peer, error) {
	var out end
	var err error
	if out.subject, err = t.subjectOf(ep); err != nil {
		return out, nil, err
	}
	all, err := t.variants(ep)
	if err != nil && ep.Kind == endpoints.NameEndpoint {
		// A pattern is no name that a flow may have. Openings list it where policies contain it.
		peers, listErr := t.peersOf(ep, nil)
		return end{err: err}, peers, listErr
	}
	if err != nil {
		return out, nil, err
	}
	peers, err := t.peersOf(ep, all)
	if err != nil {
		return out, nil, err
	}
	if ep.Kind == endpoints.EntityEndpoint {
		if all, err = t.withNetworks(all); err != nil {
			return out, nil, err
		}
	}
	for _, v := range all {
		out.cases = append(out.cases, t.caseOf(ep, v))
	}
	return out, peers, nil
}

// caseOf returns a case for one identity.
func (t *table) caseOf(ep endpoints.Endpoint, v variant) flow.Case {
	c := flow.Case{ID: flow.CaseID(v.id.ID), Scope: scopeOf(v.id.ID), When: v.when, Name: v.name, OwnNode: v.ownNode, Undecided: t.undecided(ep)}
	if v.unresolved != nil {
		c.Unresolved = &flow.Case{ID: flow.CaseID(v.unresolved.ID), Scope: scopeOf(v.unresolved.ID)}
	}
	return c
}

// peersOf returns the peers that openings list for an endpoint: one for each of its identities. Nodes
// are peers as entities.
func (t *table) peersOf(ep endpoints.Endpoint, all []variant) ([]flow.Peer, error) {
	switch ep.Kind {
	case endpoints.NodeEndpoint:
		return nil, nil
	case endpoints.NameEndpoint:
		s := t.names.byText[ep.Name]
		if s == nil {
			return nil, nil
		}
		return t.namePeers(ep, s)
	}
	var out []flow.Peer
	for _, v := range all {
		// In a trial of the setting, declared networks count as outside the cluster.
		if v.at != nil && (v.outside || !t.triesNodes()) {
			out = append(out, t.peer(v.id, *v.at))
			continue
		}
		out = append(out, t.peer(v.id, ep))
	}
	return out, nil
}

// peer returns an endpoint with the entities that include an identity.
func (t *table) peer(id *identity.Identity, ep endpoints.Endpoint) flow.Peer {
	ep.Entities = t.entitiesOf(id)
	return flow.Peer{Endpoint: ep, Case: flow.CaseID(id.ID), Scope: scopeOf(id.ID)}
}

// namePeers returns a name that a selector matches. For a pattern, it is a name that no other selector
// matches. Both families allow a name, or neither does.
func (t *table) namePeers(ep endpoints.Endpoint, s *nameSelector) ([]flow.Peer, error) {
	matching := labels.Labels{s.label.Key: s.label}
	if !s.isPattern() {
		matching = mergeLabels(matching, t.names.matching(s.text))
	}
	var out []flow.Peer
	for i, f := range t.families() {
		id, err := t.identity(mergeLabels(matching, f.world))
		if err != nil {
			return nil, err
		}
		if i == 0 {
			out = append(out, t.peer(id, ep))
		}
	}
	return out, nil
}

// sharePorts gives each pod the ports of all pods with its identity.
func (t *table) sharePorts() {
	byCase := map[flow.CaseID][]endpoints.NamedPort{}
	for _, p := range t.peers {
		if p.Kind == endpoints.PodEndpoint {
			byCase[p.Case] = append(byCase[p.Case], p.Ports...)
		}
	}
	for i := range t.peers {
		if p := &t.peers[i]; p.Kind == endpoints.PodEndpoint {
			p.SameIdentityPorts = byCase[p.Case]
		}
	}
}

// entitiesOf returns the entities that include an identity, as the selectors of Cilium's
// entities decide. The entity cluster excludes other clusters of the mesh.
func (t *table) entitiesOf(id *identity.Identity) []v1alpha1.Entity {
	out := []v1alpha1.Entity{v1alpha1.EntityAll}
	outside := false
	for _, of := range []struct {
		label  string
		entity v1alpha1.Entity
	}{
		{labels.IDNameHost, v1alpha1.EntityHost}, {labels.IDNameRemoteNode, v1alpha1.EntityRemoteNode},
		{labels.IDNameHealth, v1alpha1.EntityHealth}, {labels.IDNameIngress, v1alpha1.EntityIngress},
		{labels.IDNameKubeAPIServer, v1alpha1.EntityKubeAPIServer},
		{labels.IDNameWorld, v1alpha1.EntityWorld}, {labels.IDNameWorldIPv4, v1alpha1.EntityWorldIPv4}, {labels.IDNameWorldIPv6, v1alpha1.EntityWorldIPv6},
	} {
		if !id.LabelArray.Has(labels.LabelSourceReservedKeyPrefix + of.label) {
			continue
		}
		out = append(out, of.entity)
		switch of.entity {
		case v1alpha1.EntityWorld:
			outside = true
			out = append(out, t.families()[0].entity)
		case v1alpha1.EntityWorldIPv4, v1alpha1.EntityWorldIPv6:
			outside = true
			out = append(out, v1alpha1.EntityWorld)
		}
	}
	if !outside && !t.isOtherCluster(id.Labels) || slices.Contains(out, v1alpha1.EntityKubeAPIServer) {
		out = append(out, v1alpha1.EntityCluster)
	}
	return out
}

// withNetworks returns the identities of an entity. If the networks of policies contain every address of
// the world in a family, the world has one in each of them.
func (t *table) withNetworks(all []variant) ([]variant, error) {
	var out []variant
	for _, v := range all {
		in := []variant{v}
		for _, f := range t.families() {
			if v.id.ID != f.id {
				continue
			}
			var err error
			if in, err = t.inNetworks(f, v); err != nil {
				return nil, err
			}
		}
		out = append(out, in...)
	}
	return out, nil
}

// undecided is why flows from pods to their own node are not decided: networks match nodes, and the
// address of that node is unknown.
func (t *table) undecided(ep endpoints.Endpoint) string {
	host := ep.Kind == endpoints.NodeEndpoint || ep.Kind == endpoints.EntityEndpoint && ep.Name == string(v1alpha1.EntityHost)
	if !host || !t.matchesNodes() || len(t.prefixes) == 0 {
		return ""
	}
	return fmt.Sprintf("undecided with %s: nodes, because policies have networks that may contain the address of the pod's own node: test entity remote-node instead", cilium.CIDRMatchMode)
}

// addressInEach returns an address of each network, outside of the smaller ones.
func addressInEach(networks []netip.Prefix) []endpoints.Endpoint {
	return endpoints.AddressInEach(networks, nil, nil)
}
