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
func (o Opening) Unrestricted() bool { return len(o.Policies) == 0 && len(o.Peers) == 0 }

// Isolate reports whether something isolates the pod.
func (all Openings) Isolate() bool { return !slices.ContainsFunc(all, Opening.Unrestricted) }

// byPeer are openings by the names of the peers.
func (all Openings) byPeer() map[string][]Traffic {
	out := map[string][]Traffic{}
	for _, o := range all {
		t := Traffic{Ports: o.Ports, L7: o.L7}
		if o.Unrestricted() {
			out[anyPeer] = append(out[anyPeer], t)
		}
		for _, peer := range o.Peers {
			for _, name := range equivalentNames(peer) {
				out[name] = append(out[name], t)
			}
		}
	}
	return out
}

// anyPeer represents all peers of a pod that nothing isolates.
const anyPeer = ""

// trafficWith is what passes to or from a peer.
func trafficWith(byPeer map[string][]Traffic, peer endpoints.Endpoint) []Traffic {
	out := byPeer[anyPeer]
	for _, name := range equivalentNames(peer) {
		out = slices.Concat(out, byPeer[name])
	}
	if peer.Kind == endpoints.NameEndpoint {
		// A rule for the entity world also allows DNS names.
		out = slices.Concat(out, byPeer[string(v1alpha1.EntityWorld)], byPeer[string(v1alpha1.EntityWorldIPv4)])
	}
	return out
}

// equivalentNames returns the names that another engine may use for a peer: an address of a node or
// of the apiserver is that entity, where the engine matches addresses.
func equivalentNames(peer endpoints.Endpoint) []string {
	out := []string{peer.Name}
	if peer.Kind == endpoints.AddressEndpoint {
		for _, e := range []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityRemoteNode, v1alpha1.EntityKubeAPIServer} {
			if slices.Contains(peer.Entities, e) {
				out = append(out, string(e))
			}
		}
	}
	return out
}

// Without yields what the openings allow and others do not: for each peer, each part of an opening.
// everyone are the peers of a pod that nothing isolates: there, any part represents all. Nil: what such a
// pod allows is not compared.
func (all Openings) Without(others Openings, everyone []endpoints.Endpoint) iter.Seq2[endpoints.Endpoint, Opening] {
	return func(yield func(endpoints.Endpoint, Opening) bool) {
		var remaining map[string][]Traffic
		for _, o := range all {
			peers := o.Peers
			if o.Unrestricted() {
				if peers = everyone; !others.Isolate() {
					continue
				}
			}
			for _, peer := range peers {
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
	kind       endpoints.EndpointKind
	peer       string
	entities   string
	ports      PortRange
	l7, shadow string
}

// count counts each connection.
func (all Openings) count() map[connection]int {
	out := map[connection]int{}
	for _, o := range all {
		one := connection{ports: o.Ports, l7: o.L7.String(), shadow: fmt.Sprint(o.L7.ShadowedBy)}
		if len(o.Peers) == 0 {
			out[one]++
		}
		for _, peer := range o.Peers {
			one.kind, one.peer, one.entities = peer.Kind, peer.Name, fmt.Sprint(peer.Entities)
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
		n += max(1, len(o.Peers))
	}
	return n
}

// Allow reports whether some of the traffic on some ports is allowed with an endpoint, as one of its names.
func (all Openings) Allow(ports PortRange, isPeer func(endpoints.Endpoint) bool) bool {
	return slices.ContainsFunc(all, func(o Opening) bool {
		return o.Unrestricted() || ports.Overlaps(o.Ports) && slices.ContainsFunc(o.Peers, isPeer)
	})
}
