package reach

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// Expectation is what Tenants, profile and baseline declare at the fenced sides of flows, once all
// tenants are enforced. It is computed from the fence alone, and not from the policies that are
// planned from it, so that both do not share a mistake.
type Expectation struct {
	fence *policy.Fence
	// at are the declared flows of a namespace, or of nodes, in one direction.
	at map[subjectKey][]Expected
	// count is the number of declared flows.
	count int
}

// unclaimedNamespaces represents every unclaimed namespace that cluster-wide policies default-deny.
// It is not a valid name of a namespace.
const unclaimedNamespaces = "*"

// subjectKey is a fenced namespace, or a kind of nodes, in one direction.
type subjectKey struct {
	namespace, node string
	direction       flow.Direction
}

// Expected is one declared flow, as one of its sides sees it.
type Expected struct {
	// id identifies the flow in its Expectation.
	id      int
	Subject endpoints.Selector
	// Owner has the subject. Nil: the namespace is unclaimed, or the subjects are nodes.
	Owner *policy.Owner
	Peer  policy.Peer
	// Ports: none means every port of every protocol.
	Ports []flow.Port
	// NamedPorts are the same ports, if Ports has numbers in place of names: only pods that give a
	// port that name are part of the flow. None: as Ports.
	NamedPorts []flow.Port
	L7         flow.L7
	Reason     report.Reason
	// Declarations are the declarations of the flow: of one side, or of both. None: Reason.
	Declarations []report.Reason
	// fqdns are the peer's, and lookups those of L7, prepared for many matches.
	fqdns, lookups flow.Patterns
}

// NewExpectation returns what fences with the same Tenants declare.
func NewExpectation(fences ...*policy.Fence) *Expectation {
	x := &Expectation{at: map[subjectKey][]Expected{}}
	for _, f := range fences {
		x.fence = f
		x.expectFence(f)
	}
	x.fence = fences[0]
	return x
}

func (x *Expectation) expectFence(f *policy.Fence) {
	for _, t := range f.Tenants() {
		for _, ns := range t.Namespaces {
			x.expectBaseline(t.PeerIn(ns))
			x.expectTenantDNS(t, t.PeerIn(ns))
			if t.IntraNamespace {
				w := Expected{Reason: f.Profile.Child("baseline.intraNamespace")}
				x.expect(t.PeerIn(ns), t.PeerIn(ns), w, w)
			}
		}
	}
	if f.Clusterwide != nil {
		unclaimed := policy.Peer{Kind: policy.Pods, Namespace: unclaimedNamespaces}
		x.expectBaseline(unclaimed)
		x.expectBaselineDNS(unclaimed)
	}
	for _, g := range f.Grants {
		if x.declaredBetween(g) {
			x.expectGrant(g)
		}
	}
}

// expect adds a flow between the pods of two peers, at each side that is fenced.
func (x *Expectation) expect(from, to policy.Peer, egress, ingress Expected) {
	x.expectAt(from, to, flow.Egress, egress)
	x.expectAt(to, from, flow.Ingress, ingress)
}

// expectAt adds a flow at one side. Unclaimed pods may have the egress side of the baseline, and are
// expected as no peer.
func (x *Expectation) expectAt(own, peer policy.Peer, d flow.Direction, w Expected) {
	if peer.Namespace != unclaimedNamespaces {
		w.Subject, w.Peer = own.Pods, peer
		w.fqdns, w.lookups = flow.NewPatterns(peer.FQDNs), flow.NewPatterns(w.L7.DNS())
		at := subjectKey{namespace: own.Namespace, direction: d}
		if own.Kind == policy.Nodes {
			at.node = own.Owner
		}
		x.add(at, own, w)
	}
}

func (x *Expectation) add(at subjectKey, own policy.Peer, w Expected) {
	w.Owner = x.fence.OwnerOf(own)
	if w.Owner != nil || at.namespace == unclaimedNamespaces {
		x.count++
		w.id = x.count
		x.at[at] = append(x.at[at], w)
	}
}

// sharedParts returns the pods of a peer that are some tenant's, where several share its namespace.
func (x *Expectation) sharedParts(p policy.Peer) []policy.Peer {
	var out []policy.Peer
	for _, t := range x.fence.TenantsIn(p.Namespace) {
		if part, ok := x.fence.OwnedPart(t, p); ok && t.SharesNamespaces() {
			out = append(out, part)
		}
	}
	return out
}

// PeersAt returns the peers of the flows that the pods of a namespace may have.
func (x *Expectation) PeersAt(namespace string) []policy.Peer {
	var out []policy.Peer
	for _, d := range flow.Directions() {
		for _, w := range x.expectedAt(namespace, d) {
			out = append(out, w.Peer)
		}
	}
	return out
}

// PeersOfNodes returns the peers of the flows that nodes may have.
func (x *Expectation) PeersOfNodes() []policy.Peer {
	var out []policy.Peer
	for at, all := range x.at {
		for _, w := range all {
			if at.node != "" {
				out = append(out, w.Peer)
			}
		}
	}
	return out
}

// expectedAt returns the flows that the pods of a namespace may have.
func (x *Expectation) expectedAt(namespace string, d flow.Direction) []Expected {
	if x.fence.UnclaimedNamespace(namespace) {
		namespace = unclaimedNamespaces
	}
	return x.at[subjectKey{namespace: namespace, direction: d}]
}

// expectBaseline adds what the baseline declares for the pods of a namespace, without DNS.
func (x *Expectation) expectBaseline(own policy.Peer) {
	f := x.fence
	if api := f.Baseline.APIServer; api != nil {
		w := Expected{Reason: f.Profile.Child("baseline.apiServer")}
		for _, p := range api.Ports {
			w.Ports = append(w.Ports, flow.Port{Port: p, Protocol: v1alpha1.TCP})
		}
		for _, server := range f.EntityPeers(v1alpha1.EntityKubeAPIServer) {
			x.expect(own, server, w, w)
		}
	}
	if m := f.Baseline.Monitoring; m != nil {
		w := Expected{Ports: flow.PortsOf(m.Ports), Reason: f.Profile.Child("baseline.monitoring")}
		from := policy.Peer{Kind: policy.Pods, Namespace: m.Namespace, Pods: endpoints.SelectorOf(m.Pods)}
		x.expect(from, own, w, w)
		for _, part := range x.sharedParts(from) {
			x.expectAt(part, own, flow.Egress, w)
		}
	}
}

func (x *Expectation) expectGrant(g policy.Grant) {
	egress, ingress := Expected{Ports: g.Ports, L7: g.L7}, Expected{Ports: g.Ports, L7: flow.HTTPOf(g.L7.HTTP()...)}
	if g.L7.InspectsTLS() {
		// The destination receives TLS, also where the proxy decrypts it on the way.
		ingress.L7 = flow.L7{}
	}
	if len(g.SourcePorts) > 0 {
		egress.Ports, egress.NamedPorts = g.SourcePorts, g.Ports
	}
	for _, d := range []*policy.Declaration{g.Destination, g.Source} {
		if d != nil {
			egress.Reason, ingress.Reason = d.Reason, d.Reason
			egress.Declarations = append(egress.Declarations, d.Reason)
		}
	}
	ingress.Declarations = egress.Declarations
	x.expect(g.From, g.To, egress, ingress)
	// A NetworkPolicy has no DNS rules. One for a name would allow every name.
	names := slices.Concat(g.To.FQDNs, g.DNSNames)
	if len(names) > 0 && (g.From.Kind == policy.Pods && x.fence.Policies != v1alpha1.PoliciesKubernetes || g.From.Kind == policy.Nodes) {
		x.expectDNS(g.From, names, egress.Reason)
	}
}

// matches reports whether an endpoint is one of the peer.
func (w *Expected) matches(f *policy.Fence, ep endpoints.Endpoint) bool {
	if w.Peer.Kind == policy.FQDNs {
		return ep.Kind == endpoints.NameEndpoint && w.fqdns.Cover(ep.Name)
	}
	return matches(f, w.Peer, ep)
}

// matches reports whether an endpoint is one of a peer that is no name.
func matches(f *policy.Fence, p policy.Peer, ep endpoints.Endpoint) bool {
	switch p.Kind {
	case policy.Pods:
		return ep.Kind == endpoints.PodEndpoint && ep.Cluster == "" && inNamespaces(p, ep) && endpoints.Selects(p.Pods, ep.Labels)
	case policy.Entities:
		return slices.ContainsFunc(p.Entities, func(e v1alpha1.Entity) bool { return slices.Contains(ep.Entities, e) })
	case policy.Nodes:
		return matches(f, policy.AnyNode(), ep)
	case policy.FQDNs:
		return false
	default:
		return ep.Kind != endpoints.PodEndpoint && (inNetworks(p, ep) || allAddressesIn(f, p, ep))
	}
}

func inNamespaces(p policy.Peer, ep endpoints.Endpoint) bool {
	if p.Namespace != "" {
		return p.Namespace == ep.Namespace
	}
	for k, v := range p.NamespaceLabels {
		have, present := ep.NamespaceLabels[k]
		if k == corev1.LabelMetadataName {
			have, present = ep.Namespace, true
		}
		if !present || have != v {
			return false
		}
	}
	return !slices.Contains(p.ExcludedNamespaces, ep.Namespace)
}

// allAddressesIn reports whether the networks of a peer have all addresses of an entity, if the
// endpoint belongs to the entity and has no address.
func allAddressesIn(f *policy.Fence, p policy.Peer, ep endpoints.Endpoint) bool {
	return ep.Kind == endpoints.EntityEndpoint && slices.ContainsFunc(ep.Entities, func(e v1alpha1.Entity) bool {
		at := f.EntityAddresses[e]
		return len(at) > 0 && !slices.ContainsFunc(at, func(own policy.Peer) bool { return !containedIn(own, p) })
	})
}

// containedIn reports whether all addresses of one peer are in the networks of another.
func containedIn(inner, outer policy.Peer) bool {
	set := addressesOf(outer)
	for _, r := range addressesOf(inner).Ranges() {
		if !set.ContainsRange(r) {
			return false
		}
	}
	return true
}

// addressesOf returns the addresses in the networks of a peer, none where one is no network.
func addressesOf(p policy.Peer) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, c := range p.CIDRs {
		if network, err := netip.ParsePrefix(c); err == nil {
			b.AddPrefix(network)
		}
	}
	for _, c := range p.Except {
		if network, err := netip.ParsePrefix(c); err == nil {
			b.RemovePrefix(network)
		}
	}
	set, err := b.IPSet()
	if err != nil {
		return &netipx.IPSet{}
	}
	return set
}

// inNetworks reports whether an endpoint outside the cluster is in the networks of a peer. One without
// an address is in them if all of its world is.
func inNetworks(p policy.Peer, ep endpoints.Endpoint) bool {
	addr, err := netip.ParseAddr(ep.Name)
	contains := func(c string) bool {
		network, bad := netip.ParsePrefix(c)
		switch {
		case bad != nil:
			return false
		case err == nil:
			return network.Contains(addr)
		case network.Bits() != 0:
			return false
		case network.Addr().Is4():
			return slices.Contains(ep.Entities, v1alpha1.EntityWorldIPv4)
		default:
			return slices.Contains(ep.Entities, v1alpha1.EntityWorldIPv6)
		}
	}
	return slices.ContainsFunc(p.CIDRs, contains) && (err != nil || !slices.ContainsFunc(p.Except, contains))
}
