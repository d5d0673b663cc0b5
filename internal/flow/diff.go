package flow

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// Openings is what policies allow at one pod or node in one direction.
type Openings []Opening

// Unrestricted reports whether the opening is that of a pod that nothing isolates.
func (o Opening) Unrestricted() bool { return len(o.Policies) == 0 && o.Peers.Len() == 0 }

// Isolate reports whether something isolates the pod.
func (all Openings) Isolate() bool { return !slices.ContainsFunc(all, Opening.Unrestricted) }

// peerKey identifies a peer in openings of several engines: an endpoint of their set, or an entity.
type peerKey struct {
	id     endpoints.ID
	entity v1alpha1.Entity
}

// anyPeer represents all peers of a pod that nothing isolates.
var anyPeer = peerKey{}

func entityKey(e v1alpha1.Entity) peerKey { return peerKey{entity: e} }

func keyOf(peer *endpoints.Endpoint) peerKey {
	if peer.Kind == endpoints.EntityEndpoint {
		return entityKey(v1alpha1.Entity(peer.Name))
	}
	return peerKey{id: peer.ID}
}

// equivalentKeys returns what another engine may have instead of a peer: an address of a node or of the
// apiserver is that entity, where the engine matches addresses.
func equivalentKeys(peer *endpoints.Endpoint) []peerKey {
	out := []peerKey{keyOf(peer)}
	if peer.Kind == endpoints.AddressEndpoint {
		for _, e := range []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer} {
			if slices.Contains(peer.Entities, e) {
				out = append(out, entityKey(e))
			}
		}
	}
	return out
}

// byPeer returns the openings to each peer.
func (all Openings) byPeer() map[peerKey][]Traffic {
	out := map[peerKey][]Traffic{}
	for _, o := range all {
		t := Traffic{Ports: o.Ports, L7: o.L7}
		if o.Unrestricted() {
			out[anyPeer] = append(out[anyPeer], t)
		}
		for peer := range o.Peers.All() {
			for _, key := range equivalentKeys(peer) {
				out[key] = append(out[key], t)
			}
		}
	}
	return out
}

// trafficWith is what passes to or from a peer.
func trafficWith(byPeer map[peerKey][]Traffic, peer *endpoints.Endpoint) []Traffic {
	out := byPeer[anyPeer]
	for _, key := range equivalentKeys(peer) {
		out = slices.Concat(out, byPeer[key])
	}
	if peer.Kind == endpoints.NameEndpoint {
		// A rule for the entity world also allows DNS names.
		out = slices.Concat(out, byPeer[entityKey(v1alpha1.EntityWorld)], byPeer[entityKey(v1alpha1.EntityWorldIPv4)])
	}
	return out
}

// Without yields what the openings allow and others do not: for each peer, each part of an opening.
// everyone are the peers of a pod that nothing isolates: there, any part represents all. Nil: what such a
// pod allows is not compared.
func (all Openings) Without(others Openings, everyone *PeerSet) iter.Seq2[*endpoints.Endpoint, Opening] {
	return func(yield func(*endpoints.Endpoint, Opening) bool) {
		var remaining map[peerKey][]Traffic
		for _, o := range all {
			peers := o.Peers
			if o.Unrestricted() {
				if peers = everyone; !others.Isolate() {
					continue
				}
			}
			for peer := range peers.All() {
				if remaining == nil {
					remaining = others.byPeer()
				}
				rest := o.Without(trafficWith(remaining, peer))
				if len(o.Policies) == 0 && len(rest) > 0 {
					rest = []Opening{{}}
				}
				for _, part := range rest {
					if !yield(peer, part) {
						return
					}
				}
			}
		}
	}
}

// connection is one part of what openings allow with one peer.
type connection struct {
	peer     peerKey
	entities string
	ports    PortRange
	// l7 encodes the L7 rules.
	l7 string
}

// count counts each connection.
func (all Openings) count() map[connection]int {
	out := map[connection]int{}
	for _, o := range all {
		one := connection{ports: o.Ports}
		if !o.L7.Equal(L7{}) {
			one.l7 = endpoints.JSONKey(o.L7)
		}
		if o.Peers.Len() == 0 {
			out[one]++
		}
		for peer := range o.Peers.All() {
			one.peer, one.entities = keyOf(peer), fmt.Sprint(peer.Entities)
			out[one]++
		}
	}
	return out
}

// Equal reports whether both allow the same, whichever policies do.
func (all Openings) Equal(others Openings) bool { return maps.Equal(all.count(), others.count()) }

// Connections counts the pairs of a part and a peer.
func (all Openings) Connections() int {
	n := 0
	for _, o := range all {
		n += max(1, o.Peers.Len())
	}
	return n
}

// Allow reports whether some of the traffic on some ports is allowed with an endpoint, as one of its names.
func (all Openings) Allow(ports PortRange, isPeer func(*endpoints.Endpoint) bool) bool {
	return slices.ContainsFunc(all, func(o Opening) bool {
		return o.Unrestricted() || ports.Overlaps(o.Ports) && o.Peers.contains(isPeer)
	})
}
