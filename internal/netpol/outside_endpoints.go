package netpol

import (
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// outsider is an endpoint that is no pod, and what of its addresses it stands for.
type outsider struct {
	endpoint  policy.Endpoint
	addresses *netipx.IPSet
}

// networks are those that somebody tells apart, sorted.
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

// rest is what of some addresses is in no network of its own.
func (n networks) rest(of *netipx.IPSet) *netipx.IPSet {
	ranges := of.Ranges()
	var inner netipx.IPSetBuilder
	for _, p := range n {
		all := netipx.RangeOfPrefix(p)
		outer := !slices.ContainsFunc(ranges, func(r netipx.IPRange) bool { return !all.Contains(r.From()) || !all.Contains(r.To()) })
		if !outer {
			inner.AddPrefix(p)
		}
	}
	return minus(of, built(&inner))
}

// sample is an address that represents a network, or only itself.
type sample struct {
	address netip.Addr
	network netip.Prefix
}

// samples are an address of each network that is in none of the smaller ones, nor in a
// set, where there is one. All of the world is known by itself.
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
		if left := built(&b).Ranges(); len(left) > 0 {
			out = append(out, sample{left[0].From(), p})
		}
	}
	return out
}

// outsiders makes known what is no pod: every entity, an address within each network that
// somebody tells apart, and the addresses that are known elsewhere.
func (e *Engine) outsiders() []outsider {
	out := e.entities()
	told := slices.Concat(e.networks, e.cluster.nodes.known().Prefixes(), e.cluster.apiServer.known().Prefixes())
	told.sort()
	seen := map[netip.Addr]bool{}
	all := told.samples(union(e.cluster.pods.known(), e.cluster.services.known()))
	for _, addr := range e.addresses {
		all = append(all, sample{address: addr})
	}
	for _, s := range all {
		if addr := s.address; !seen[addr] {
			seen[addr] = true
			out = append(out, outsider{
				endpoint:  policy.Endpoint{Kind: policy.AddressEndpoint, Name: addr.String(), Network: s.network, Entities: e.cluster.entitiesOf(addr)},
				addresses: single(addr),
			})
		}
	}
	return out
}

// entities are what the cluster's own words stand for. The own node is a node, as far as
// addresses tell: who may reach all nodes, reaches it.
func (e *Engine) entities() []outsider {
	c := e.cluster
	var out []outsider
	add := func(name v1alpha1.Entity, addresses *netipx.IPSet, also ...v1alpha1.Entity) {
		ep := policy.Endpoint{Kind: policy.EntityEndpoint, Name: string(name), Entities: append([]v1alpha1.Entity{v1alpha1.EntityAll, name}, also...)}
		out = append(out, outsider{ep, e.networks.rest(addresses)})
	}
	add(v1alpha1.EntityHost, c.nodes.set, v1alpha1.EntityRemoteNode, v1alpha1.EntityCluster)
	add(v1alpha1.EntityRemoteNode, c.nodes.set, v1alpha1.EntityCluster)
	// One apiserver may be a node, and another outside the cluster.
	at := common(c.apiServer.set, c.nodes.known())
	add(v1alpha1.EntityKubeAPIServer, at, v1alpha1.EntityRemoteNode, v1alpha1.EntityCluster)
	for _, f := range families(minus(c.apiServer.set, at)) {
		world := worldOf(f.set.Ranges()[0].From())
		add(v1alpha1.EntityKubeAPIServer, f.set, v1alpha1.EntityCluster, v1alpha1.EntityWorld, world)
	}
	for _, f := range families(c.outside) {
		add(worldOf(f.set.Ranges()[0].From()), f.set, v1alpha1.EntityWorld)
	}
	return out
}

func worldOf(addr netip.Addr) v1alpha1.Entity {
	if addr.Is4() {
		return v1alpha1.EntityWorldIPv4
	}
	return v1alpha1.EntityWorldIPv6
}

// entitiesOf are those that an address belongs to.
func (c cluster) entitiesOf(addr netip.Addr) []v1alpha1.Entity {
	out := []v1alpha1.Entity{v1alpha1.EntityAll}
	if c.apiServer.has(addr) {
		out = append(out, v1alpha1.EntityKubeAPIServer, v1alpha1.EntityCluster)
	}
	switch {
	case c.nodes.has(addr):
		return append(out, v1alpha1.EntityRemoteNode, v1alpha1.EntityCluster)
	case c.pods.has(addr), c.services.has(addr):
		return append(out, v1alpha1.EntityCluster)
	default:
		return append(out, v1alpha1.EntityWorld, worldOf(addr))
	}
}

// addressesOf are those among endpoints that policies can see: a Service's is none.
func (c cluster) addressesOf(endpoints []policy.Endpoint) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, ep := range endpoints {
		if ep.Kind != policy.AddressEndpoint {
			continue
		}
		addr, err := address(ep.Name)
		if err != nil {
			return nil, fmt.Errorf("known endpoint: %w", err)
		}
		if !c.services.has(addr) {
			out = append(out, addr)
		}
	}
	return out, nil
}
