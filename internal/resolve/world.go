package resolve

import (
	"math"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// worldPrefixes are the address spaces of the world: IPv4, IPv6, and the global unicast addresses of
// IPv6.
var worldPrefixes = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"), netip.MustParsePrefix("2000::/3")}

// coversWorld reports whether networks together represent the world: they include half of an address
// space or more. The union counts: two /1 networks without one address are like 0.0.0.0/0.
func coversWorld(networks *netipx.IPSet) bool {
	return slices.ContainsFunc(worldPrefixes, func(world netip.Prefix) bool {
		share := 0.0
		for _, p := range networks.Prefixes() {
			switch {
			case p.Addr().BitLen() != world.Addr().BitLen() || !p.Overlaps(world):
			case p.Bits() <= world.Bits():
				return true
			default:
				share += math.Exp2(float64(world.Bits() - p.Bits()))
			}
		}
		return share >= 0.5
	})
}

// checkAddressesKnown refuses to separate the world from the cluster where the profile does not set
// all of the cluster's addresses.
func (r *resolver) checkAddressesKnown(ref report.Ref, at *field.Path, prefix string) bool {
	missing := r.missingAddressFields()
	if len(missing) > 0 {
		r.refuse(report.WorldAddressesUnknown, ref, at, "%srepresents all addresses outside the cluster, and the cluster's own addresses are unknown: set %s in the profile", prefix, strings.Join(missing, ", "))
	}
	return len(missing) == 0
}

// missingAddressFields are the missing fields of the profile that separate the world from the
// cluster.
func (r *resolver) missingAddressFields() []string {
	if r.enforcedByCilium() {
		return nil
	}
	var missing []string
	c := r.fence.Cluster
	for _, part := range []struct {
		name string
		set  bool
	}{{"serviceCIDRs", len(c.ServiceCIDRs) > 0}, {"nodeCIDRs", len(c.NodeCIDRs) > 0}, {"apiServer", c.APIServer != nil}} {
		if !part.set {
			missing = append(missing, "cluster."+part.name)
		}
	}
	return missing
}

// ipFamily is IPv4 or IPv6.
type ipFamily struct {
	name string
	all  netip.Prefix
}

var ipFamilies = []ipFamily{{"IPv4", worldPrefixes[0]}, {"IPv6", worldPrefixes[1]}}

// contains reports whether a network is of the family.
func (f ipFamily) contains(cidr string) bool {
	p, err := netip.ParsePrefix(cidr)
	return err == nil && p.Addr().BitLen() == f.all.Addr().BitLen()
}

// addressesKnown reports whether the profile declares the addresses of pods and of nodes in a family,
// which the world of the family excludes.
func (f ipFamily) addressesKnown(c v1alpha1.Cluster) bool {
	return slices.ContainsFunc(c.PodCIDRs, f.contains) && slices.ContainsFunc(c.NodeCIDRs, f.contains)
}

// limitToKnownFamilies removes the world of a family from a peer if the profile declares no addresses
// of pods or nodes in it: the addresses of the cluster are unknown then. Pods without an address of
// the family lose nothing.
func (r *resolver) limitToKnownFamilies(p policy.Peer, ref report.Ref, at *field.Path) policy.Peer {
	if r.enforcedByCilium() || len(r.missingAddressFields()) > 0 {
		return p
	}
	out := p
	out.CIDRs = slices.Clone(p.CIDRs)
	var skipped []string
	for _, f := range ipFamilies {
		own := slices.DeleteFunc(slices.Clone(p.CIDRs), func(c string) bool { return !f.contains(c) })
		if f.addressesKnown(r.fence.Cluster) || !coversWorld(setOf(own, p.Except)) {
			continue
		}
		out.CIDRs = slices.DeleteFunc(out.CIDRs, f.contains)
		skipped = append(skipped, f.name)
	}
	out.Except = slices.DeleteFunc(slices.Clone(p.Except), func(c string) bool {
		return !slices.ContainsFunc(out.CIDRs, func(o string) bool { return sameFamily(c, o) })
	})
	if len(out.CIDRs) == 0 {
		r.refuse(report.WorldAddressesUnknown, ref, at, "represents all %s addresses outside the cluster, and the profile declares no such addresses of pods and nodes: add them to cluster.podCIDRs and nodeCIDRs, or remove the network", strings.Join(skipped, " and "))
		return out
	}
	for _, f := range ipFamilies {
		if slices.Contains(skipped, f.name) && slices.ContainsFunc(r.fence.Cluster.PodCIDRs, f.contains) {
			r.warn(report.WorldIPFamilyUnknown, ref, at, "represents all addresses outside the cluster, except %s, since cluster.nodeCIDRs has no %[1]s addresses: add those of the nodes, or remove %[1]s from podCIDRs", f.name)
		}
	}
	return out
}

func sameFamily(a, b string) bool {
	return slices.ContainsFunc(ipFamilies, func(f ipFamily) bool { return f.contains(a) && f.contains(b) })
}

// networksOfPeer are the networks of one peer of a flow.
type networksOfPeer struct {
	flow *declaredFlow
	at   *field.Path
	set  *netipx.IPSet
}

// refuseSplitWorld refuses networks that represent the world only together: in several peers, or in
// several flows of the same pods.
func (r *resolver) refuseSplitWorld() {
	unknown := r.unknownNetworks()
	if !r.usesNetworkPolicies() || len(unknown.Prefixes()) == 0 {
		return
	}
	parts := r.networkPeersIn(unknown)
	refused := map[*declaredFlow]bool{}
	for i, first := range parts {
		if refused[first.flow] {
			continue
		}
		others := slices.DeleteFunc(slices.Clone(parts[i+1:]), func(other networksOfPeer) bool {
			return refused[other.flow] || other.flow != first.flow && !shareSubject(first.flow, other.flow)
		})
		if group := minimalCover(slices.Insert(others, 0, first)); len(group) > 0 {
			r.refuseWorldGroup(group)
			for _, p := range group {
				refused[p.flow] = true
			}
		}
	}
}

// networkPeersIn are the peers of all flows that are networks, as far as these are in a set.
func (r *resolver) networkPeersIn(set *netipx.IPSet) []networksOfPeer {
	var out []networksOfPeer
	for _, f := range slices.Concat(r.flows, r.agentFlows()) {
		for _, p := range networkPeers(f) {
			if p.set = intersection(p.set, set); len(p.set.Prefixes()) > 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

// refuseWorldGroup refuses peers that represent the world together.
func (r *resolver) refuseWorldGroup(group []networksOfPeer) {
	first := group[0]
	var others []string
	for _, p := range group {
		// The NetworkPolicy form omits these flows.
		p.flow.broken = true
		if p.flow.ref != first.flow.ref {
			others = append(others, p.flow.ref.String()+" "+p.at.String())
		} else if p.at != first.at {
			others = append(others, p.at.String())
		}
	}
	prefix := "together with " + strings.Join(others, ", ") + ", it "
	if r.checkAddressesKnown(first.flow.ref, first.at, prefix) {
		r.refuse(report.WorldAddressesUnknown, first.flow.ref, first.at, "%srepresents all addresses outside the cluster in an IP family without nodes in cluster.nodeCIDRs: add them in the profile", prefix)
	}
}

// unknownNetworks are the address spaces in which the profile does not separate the world from the
// cluster: all of them, or those of a family with addresses of pods and without addresses of nodes.
func (r *resolver) unknownNetworks() *netipx.IPSet {
	var cidrs []string
	for _, f := range ipFamilies {
		if len(r.missingAddressFields()) > 0 || !r.enforcedByCilium() && !f.addressesKnown(r.fence.Cluster) && slices.ContainsFunc(r.fence.Cluster.PodCIDRs, f.contains) {
			cidrs = append(cidrs, f.all.String())
		}
	}
	return setOf(cidrs, nil)
}

func intersection(a, b *netipx.IPSet) *netipx.IPSet {
	var out netipx.IPSetBuilder
	out.AddSet(a)
	out.Intersect(b)
	set, err := out.IPSet()
	if err != nil {
		return &netipx.IPSet{}
	}
	return set
}

// agentFlows are the flows of agents from networks, if their policies match networks.
func (r *resolver) agentFlows() []*declaredFlow {
	var out []*declaredFlow
	for _, t := range r.tenants {
		for i, a := range t.spec.AgentIngress {
			if a.Mode != v1alpha1.LoadBalancer || a.SourceIP == v1alpha1.SourceNode {
				continue
			}
			f := &declaredFlow{tenant: t, direction: flow.Ingress, ref: t.ref, own: r.podPeers(t, t.Namespaces, endpoints.Selector{})}
			at := t.path.Child("agentIngress").Index(i).Child("cidrs")
			f.resolvedPeers = []resolvedPeer{{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: a.CIDRs}, path: at}}
			out = append(out, f)
		}
	}
	return out
}

// networkPeers are the peers of a flow that are networks. One that represents the world by itself is
// refused when it is granted.
func networkPeers(f *declaredFlow) []networksOfPeer {
	var out []networksOfPeer
	for _, e := range f.resolvedPeers {
		if e.peer.Kind != policy.CIDRs {
			continue
		}
		if set := setOf(e.peer.CIDRs, e.peer.Except); !coversWorld(set) {
			out = append(out, networksOfPeer{flow: f, at: e.path, set: set})
		}
	}
	return out
}

// minimalCover are parts that represent the world together, none if they do not. It omits parts that
// are not needed.
func minimalCover(parts []networksOfPeer) []networksOfPeer {
	coverWorld := func(parts []networksOfPeer) bool {
		var b netipx.IPSetBuilder
		for _, p := range parts {
			b.AddSet(p.set)
		}
		set, err := b.IPSet()
		return err == nil && coversWorld(set)
	}
	if !coverWorld(parts) {
		return nil
	}
	for i := len(parts) - 1; i >= 0; i-- {
		if rest := slices.Delete(slices.Clone(parts), i, i+1); coverWorld(rest) {
			parts = rest
		}
	}
	return parts
}

// shareSubject reports whether two flows may select the same pods in the same direction.
func shareSubject(a, b *declaredFlow) bool {
	if a.direction != b.direction {
		return false
	}
	return slices.ContainsFunc(a.own, func(p policy.Peer) bool {
		return slices.ContainsFunc(b.own, func(q policy.Peer) bool {
			_, both := endpoints.Intersect(p.Pods, q.Pods)
			return both && p.Kind == q.Kind && p.Namespace == q.Namespace && (p.Kind == policy.Pods || p.Owner == q.Owner)
		})
	})
}
