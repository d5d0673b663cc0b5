package engine

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// unmanaged are pods that started before Cilium, and initial are pods without labels yet. A
// Tenant cannot name them.
const (
	unmanaged v1alpha1.Entity = "unmanaged"
	initial   v1alpha1.Entity = "init"
)

// addKnown adds an endpoint to those of an identity, with the entities that include the
// identity.
func (e *Engine) addKnown(id *identity.Identity, ep endpoints.Endpoint) {
	if len(e.endpointsByIdentity[id.ID]) == 0 {
		e.knownIDs = append(e.knownIDs, id.ID)
	}
	ep.Entities = e.entitiesOf(id)
	sameIdentity := e.endpointsByIdentity[id.ID]
	for i := range sameIdentity {
		if ep.Kind != endpoints.PodEndpoint {
			break
		}
		ep.SameIdentityPorts = append(ep.SameIdentityPorts, sameIdentity[i].Ports...)
		sameIdentity[i].SameIdentityPorts = append(sameIdentity[i].SameIdentityPorts, ep.Ports...)
	}
	e.endpointsByIdentity[id.ID] = append(sameIdentity, ep)
}

// entitiesOf returns the entities that include an identity, as the selectors of Cilium's
// entities decide. The entity cluster excludes other clusters of the mesh.
func (e *Engine) entitiesOf(id *identity.Identity) []v1alpha1.Entity {
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
			out = append(out, e.families()[0].entity)
		case v1alpha1.EntityWorldIPv4, v1alpha1.EntityWorldIPv6:
			outside = true
			out = append(out, v1alpha1.EntityWorld)
		}
	}
	if !outside && !e.isOtherCluster(id.Labels) || slices.Contains(out, v1alpha1.EntityKubeAPIServer) {
		out = append(out, v1alpha1.EntityCluster)
	}
	return out
}

// learnOutside learns the endpoints that are not pods: every entity, an address in each network
// that policies or declarations distinguish, and the names in policies.
func (e *Engine) learnOutside(cidrs []string) error {
	entities := []v1alpha1.Entity{
		v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityHealth, v1alpha1.EntityIngress,
		v1alpha1.EntityKubeAPIServer, unmanaged, initial,
	}
	families := e.families()
	for _, f := range families {
		if len(families) == 1 {
			f.entity = v1alpha1.EntityWorld
		}
		entities = append(entities, f.entity)
	}
	for _, entity := range entities {
		if err := e.learn(endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(entity)}); err != nil {
			return err
		}
	}
	prefixes := slices.Clone(e.prefixes)
	whole := map[netip.Prefix]bool{}
	for _, g := range e.groups {
		if !e.matchesGroups {
			break
		}
		for _, p := range g.prefixes() {
			whole[p] = true
			prefixes = append(prefixes, p)
		}
	}
	for _, c := range cidrs {
		p, err := netip.ParsePrefix(c)
		if err != nil {
			return fmt.Errorf("network %q: %w", c, err)
		}
		prefixes = append(prefixes, p)
	}
	for _, ep := range addressInEach(prefixes, whole) {
		if err := e.learn(ep); err != nil {
			return err
		}
	}
	return e.learnNames()
}

// learnNames learns a name for each toFQDNs selector. For a pattern, it is a name that no other
// selector matches.
func (e *Engine) learnNames() error {
	e.names.classify()
	for _, s := range e.names.all {
		key := string(endpoints.NameEndpoint) + " " + s.text
		if e.learned[key] {
			continue
		}
		e.learned[key] = true
		matching := labels.Labels{s.label.Key: s.label}
		if !s.isPattern() {
			matching = mergeLabels(matching, e.names.matching(s.text))
		}
		ep := endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: s.text}
		for i, f := range e.families() {
			id, err := e.identity(mergeLabels(matching, f.world))
			if err != nil {
				return err
			}
			// Both families allow a name, or neither does. Decide covers both.
			if i == 0 {
				e.addKnown(id, ep)
			}
		}
		e.knownEndpoints = append(e.knownEndpoints, ep)
	}
	return nil
}

// addressInEach returns, for each network, an address outside of the smaller networks, if it has
// one. It skips 0.0.0.0/0 and ::/0 unless they are labelled.
func addressInEach(prefixes []netip.Prefix, labelled map[netip.Prefix]bool) []endpoints.Endpoint {
	for i := range prefixes {
		prefixes[i] = prefixes[i].Masked()
	}
	slices.SortFunc(prefixes, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	prefixes = slices.Compact(prefixes)
	var out []endpoints.Endpoint
	for i, p := range prefixes {
		// The entity world represents this network.
		if p.Bits() == 0 && !labelled[p] {
			continue
		}
		free := p.Addr()
		for _, q := range prefixes[i+1:] {
			if !p.Contains(q.Addr()) {
				break
			}
			if q.Contains(free) {
				free = netipx.PrefixLastIP(q).Next()
			}
		}
		if p.Contains(free) {
			out = append(out, endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: free.String(), Network: p})
		}
	}
	return out
}
