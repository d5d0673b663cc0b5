package netpol

import (
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// outsideEndpoint is an endpoint that is not a pod, and the addresses that it represents.
type outsideEndpoint struct {
	endpoint  endpoints.Endpoint
	addresses *netipx.IPSet
}

// uncovered is what of some addresses is in no network of its own.
func uncovered(of *netipx.IPSet, networks []netip.Prefix) *netipx.IPSet {
	ranges := of.Ranges()
	var inner netipx.IPSetBuilder
	for _, p := range networks {
		all := netipx.RangeOfPrefix(p)
		outer := !slices.ContainsFunc(ranges, func(r netipx.IPRange) bool { return !all.Contains(r.From()) || !all.Contains(r.To()) })
		if !outer {
			inner.AddPrefix(p)
		}
	}
	return minus(of, build(&inner))
}

// entities returns the entities of the cluster itself. Its own node is a node like any other, as
// far as addresses show: a peer of all nodes includes it.
func (p *Program) entities(networks []netip.Prefix) []outsideEndpoint {
	c := p.cluster
	var out []outsideEndpoint
	add := func(name v1alpha1.Entity, addresses *netipx.IPSet, also ...v1alpha1.Entity) {
		ep := endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(name), Entities: append([]v1alpha1.Entity{v1alpha1.EntityAll, name}, also...)}
		out = append(out, outsideEndpoint{ep, uncovered(addresses, networks)})
	}
	add(v1alpha1.EntityHost, c.nodes.set, v1alpha1.EntityRemoteNode, v1alpha1.EntityCluster)
	add(v1alpha1.EntityRemoteNode, c.nodes.set, v1alpha1.EntityCluster)
	// One apiserver may be a node, and another outside the cluster.
	onNodes := minus(c.apiServer.set, minus(c.apiServer.set, c.nodes.knownSet()))
	add(v1alpha1.EntityKubeAPIServer, onNodes, v1alpha1.EntityRemoteNode, v1alpha1.EntityCluster)
	for _, f := range families(minus(c.apiServer.set, onNodes)) {
		world := worldEntity(f.set.Ranges()[0].From())
		add(v1alpha1.EntityKubeAPIServer, f.set, v1alpha1.EntityCluster, v1alpha1.EntityWorld, world)
	}
	for _, f := range families(c.outside) {
		add(worldEntity(f.set.Ranges()[0].From()), f.set, v1alpha1.EntityWorld)
	}
	return out
}

// findPeers finds the endpoints that openings list. DNS names are none: they are addresses of the world.
// Policies never match the address of a Service.
func (t *table) findPeers() {
	c := t.program.cluster
	podCells := t.cells.of(c.pods.set)
	for _, ep := range t.set.Endpoints[:t.set.Listed] {
		if ep.Kind == endpoints.PodEndpoint {
			ep.Entities = []v1alpha1.Entity{v1alpha1.EntityAll, v1alpha1.EntityCluster}
			t.peers = append(t.peers, flow.Peer{Endpoint: ep, Case: caseOf(ep.ID), Scope: pods, Cells: podCells})
		}
	}
	networks := endpoints.SortNetworks(slices.Concat(t.program.networks, t.set.Networks))
	for _, o := range t.program.entities(networks) {
		o.endpoint.ID, _ = t.set.Find(o.endpoint)
		t.peers = append(t.peers, flow.Peer{Endpoint: o.endpoint, Scope: outside, Cells: t.cells.of(o.addresses)})
	}
	for _, ep := range t.set.Endpoints[:t.set.Listed] {
		addr, err := endpoints.ParseAddress(ep.Name)
		if err == nil && ep.Kind == endpoints.AddressEndpoint && !c.services.contains(addr) {
			ep.Entities = c.entitiesOf(addr)
			t.peers = append(t.peers, flow.Peer{Endpoint: ep, Scope: outside, Cells: t.cells.of(singleAddress(addr))})
		}
	}
}
