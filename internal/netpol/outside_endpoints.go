package netpol

import (
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// outsideEndpoint is an endpoint that is not a pod, and the addresses that it represents.
type outsideEndpoint struct {
	endpoint  endpoints.Endpoint
	addresses *netipx.IPSet
}

// networks are those that something distinguishes, sorted.
type networks []netip.Prefix

func (n *networks) sort() {
	slices.SortFunc(*n, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	*n = slices.Compact(*n)
}

// uncovered is what of some addresses is in no network of its own.
func (n networks) uncovered(of *netipx.IPSet) *netipx.IPSet {
	ranges := of.Ranges()
	var inner netipx.IPSetBuilder
	for _, p := range n {
		all := netipx.RangeOfPrefix(p)
		outer := !slices.ContainsFunc(ranges, func(r netipx.IPRange) bool { return !all.Contains(r.From()) || !all.Contains(r.To()) })
		if !outer {
			inner.AddPrefix(p)
		}
	}
	return minus(of, buildSet(&inner))
}

// sample is an address that represents a network, or only itself.
type sample struct {
	address netip.Addr
	network netip.Prefix
}

// samples returns an address of each network that is in none of the smaller ones, nor in an
// excluded set. 0.0.0.0/0 and ::/0 have no sample: the entity world represents them.
func (n networks) samples(without *netipx.IPSet) []sample {
	var out []sample
	for i, p := range n {
		if p.Bits() == 0 {
			continue
		}
		var b netipx.IPSetBuilder
		b.AddPrefix(p)
		for _, q := range n[i+1:] {
			if !p.Contains(q.Addr()) {
				break
			}
			b.RemovePrefix(q)
		}
		b.RemoveSet(without)
		if left := buildSet(&b).Ranges(); len(left) > 0 {
			out = append(out, sample{left[0].From(), p})
		}
	}
	return out
}

// outsideEndpoints returns the endpoints that are not pods: every entity, an address for each
// distinguished network, and the addresses of the environment.
func (e *Engine) outsideEndpoints() []outsideEndpoint {
	out := e.entities()
	distinguished := slices.Concat(e.networks, e.cluster.nodes.knownSet().Prefixes(), e.cluster.apiServer.knownSet().Prefixes())
	distinguished.sort()
	seen := map[netip.Addr]bool{}
	all := distinguished.samples(union(e.cluster.pods.knownSet(), e.cluster.services.knownSet()))
	for _, addr := range e.addresses {
		all = append(all, sample{address: addr})
	}
	for _, s := range all {
		if addr := s.address; !seen[addr] {
			seen[addr] = true
			out = append(out, outsideEndpoint{
				endpoint:  endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: addr.String(), Network: s.network, Entities: e.cluster.entitiesOf(addr)},
				addresses: singleAddress(addr),
			})
		}
	}
	return out
}

// entities returns the entities of the cluster itself. Its own node is a node like any other, as
// far as addresses show: a peer of all nodes includes it.
func (e *Engine) entities() []outsideEndpoint {
	c := e.cluster
	var out []outsideEndpoint
	add := func(name v1alpha1.Entity, addresses *netipx.IPSet, also ...v1alpha1.Entity) {
		ep := endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(name), Entities: append([]v1alpha1.Entity{v1alpha1.EntityAll, name}, also...)}
		out = append(out, outsideEndpoint{ep, e.networks.uncovered(addresses)})
	}
	add(v1alpha1.EntityHost, c.nodes.set, v1alpha1.EntityRemoteNode, v1alpha1.EntityCluster)
	add(v1alpha1.EntityRemoteNode, c.nodes.set, v1alpha1.EntityCluster)
	// One apiserver may be a node, and another outside the cluster.
	at := intersection(c.apiServer.set, c.nodes.knownSet())
	add(v1alpha1.EntityKubeAPIServer, at, v1alpha1.EntityRemoteNode, v1alpha1.EntityCluster)
	for _, f := range families(minus(c.apiServer.set, at)) {
		world := worldEntity(f.set.Ranges()[0].From())
		add(v1alpha1.EntityKubeAPIServer, f.set, v1alpha1.EntityCluster, v1alpha1.EntityWorld, world)
	}
	for _, f := range families(c.outside) {
		add(worldEntity(f.set.Ranges()[0].From()), f.set, v1alpha1.EntityWorld)
	}
	return out
}

func worldEntity(addr netip.Addr) v1alpha1.Entity {
	if addr.Is4() {
		return v1alpha1.EntityWorldIPv4
	}
	return v1alpha1.EntityWorldIPv6
}

// entitiesOf returns the entities that an address belongs to.
func (c cluster) entitiesOf(addr netip.Addr) []v1alpha1.Entity {
	out := []v1alpha1.Entity{v1alpha1.EntityAll}
	if c.apiServer.contains(addr) {
		out = append(out, v1alpha1.EntityKubeAPIServer, v1alpha1.EntityCluster)
	}
	switch {
	case c.nodes.contains(addr):
		return append(out, v1alpha1.EntityRemoteNode, v1alpha1.EntityCluster)
	case c.pods.contains(addr), c.services.contains(addr):
		return append(out, v1alpha1.EntityCluster)
	default:
		return append(out, v1alpha1.EntityWorld, worldEntity(addr))
	}
}

// addressesOf returns the addresses that policies can match. They never match the address of a
// Service.
func (c cluster) addressesOf(of []endpoints.Endpoint) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, ep := range of {
		if ep.Kind != endpoints.AddressEndpoint {
			continue
		}
		addr, err := parseAddress(ep.Name)
		if err != nil {
			return nil, fmt.Errorf("known endpoint: %w", err)
		}
		if !c.services.contains(addr) {
			out = append(out, addr)
		}
	}
	return out, nil
}
