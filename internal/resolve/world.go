package resolve

import (
	"math"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// worlds are the address spaces of which a large part stands for the world: IPv4, IPv6, and
// what IPv6 gives out to hosts.
var worlds = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"), netip.MustParsePrefix("2000::/3")}

// holdsWorld reports whether networks together stand for the world: they hold half of an
// address space or more. The union counts, however it is written: two halves without one
// address are no less than 0.0.0.0/0.
func holdsWorld(networks *netipx.IPSet) bool {
	return slices.ContainsFunc(worlds, func(world netip.Prefix) bool {
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

// worldKnown refuses to separate the world from the cluster where the profile does not set
// all of the cluster's addresses.
func (r *resolver) worldKnown(ref policy.Ref, at *field.Path, with string) bool {
	lacking := r.unknownAddresses()
	if len(lacking) > 0 {
		r.refuse("world-unknown", ref, at, "%sstands for every address outside the cluster, and these are unknown: set %s in the profile", with, strings.Join(lacking, ", "))
	}
	return len(lacking) == 0
}

// unknownAddresses are the missing fields of the profile that separate the world from the
// cluster.
func (r *resolver) unknownAddresses() []string {
	if r.byCilium() {
		return nil
	}
	var lacking []string
	c := r.fence.Cluster
	for _, part := range []struct {
		name string
		set  bool
	}{{"serviceCIDRs", len(c.ServiceCIDRs) > 0}, {"nodeCIDRs", len(c.NodeCIDRs) > 0}, {"apiServer", c.APIServer != nil}} {
		if !part.set {
			lacking = append(lacking, "cluster."+part.name)
		}
	}
	return lacking
}

// ipFamily is IPv4 or IPv6.
type ipFamily struct {
	name string
	all  netip.Prefix
}

var ipFamilies = []ipFamily{{"IPv4", worlds[0]}, {"IPv6", worlds[1]}}

// has reports whether a network is of the family.
func (f ipFamily) has(cidr string) bool {
	p, err := netip.ParsePrefix(cidr)
	return err == nil && p.Addr().BitLen() == f.all.Addr().BitLen()
}

// known reports whether the profile states the addresses of pods and of nodes in a family, so
// that the world of the family lies outside them.
func (f ipFamily) known(c v1alpha1.Cluster) bool {
	return slices.ContainsFunc(c.PodCIDRs, f.has) && slices.ContainsFunc(c.NodeCIDRs, f.has)
}

// inKnownFamilies leaves the world of a family out of a peer where the profile states no
// addresses of pods or nodes in it: what is in the cluster is then unknown. Pods without an
// address of the family lose nothing.
func (r *resolver) inKnownFamilies(p policy.Peer, ref policy.Ref, at *field.Path) policy.Peer {
	if r.byCilium() || len(r.unknownAddresses()) > 0 {
		return p
	}
	out := p
	out.CIDRs = slices.Clone(p.CIDRs)
	var left []string
	for _, f := range ipFamilies {
		own := slices.DeleteFunc(slices.Clone(p.CIDRs), func(c string) bool { return !f.has(c) })
		if f.known(r.fence.Cluster) || !holdsWorld(setOf(own, p.Except)) {
			continue
		}
		out.CIDRs = slices.DeleteFunc(out.CIDRs, f.has)
		left = append(left, f.name)
	}
	out.Except = slices.DeleteFunc(slices.Clone(p.Except), func(c string) bool {
		return !slices.ContainsFunc(out.CIDRs, func(o string) bool { return sameFamily(c, o) })
	})
	if len(out.CIDRs) == 0 {
		r.refuse("world-unknown", ref, at, "stands for every address outside the cluster over %s, and the profile states no such addresses of pods and nodes: add them to cluster.podCIDRs and nodeCIDRs, or remove the network", strings.Join(left, " and "))
		return out
	}
	for _, f := range ipFamilies {
		if slices.Contains(left, f.name) && slices.ContainsFunc(r.fence.Cluster.PodCIDRs, f.has) {
			r.warn("world-family-unknown", ref, at, "stands for every address outside the cluster, and leaves out %s, since cluster.nodeCIDRs has no %[1]s addresses: add those of the nodes, or remove %[1]s from podCIDRs", f.name)
		}
	}
	return out
}

func sameFamily(a, b string) bool {
	return slices.ContainsFunc(ipFamilies, func(f ipFamily) bool { return f.has(a) && f.has(b) })
}

// networksOfPeer are the networks of one peer of a flow.
type networksOfPeer struct {
	flow *flow
	at   *field.Path
	set  *netipx.IPSet
}

// refuseWorldInParts refuses networks that stand for the world only together: in several
// peers, or in several flows of the same pods.
func (r *resolver) refuseWorldInParts() {
	unknown := r.unknownNetworks()
	if !r.kubernetes() || len(unknown.Prefixes()) == 0 {
		return
	}
	parts := r.networkPeersIn(unknown)
	refused := map[*flow]bool{}
	for i, first := range parts {
		if refused[first.flow] {
			continue
		}
		others := slices.DeleteFunc(slices.Clone(parts[i+1:]), func(other networksOfPeer) bool {
			return refused[other.flow] || other.flow != first.flow && !sameSource(first.flow, other.flow)
		})
		if group := needed(slices.Insert(others, 0, first)); len(group) > 0 {
			r.refuseWorldOf(group)
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

// refuseWorldOf refuses peers that stand for the world together.
func (r *resolver) refuseWorldOf(group []networksOfPeer) {
	first := group[0]
	var others []string
	for _, p := range group {
		// Beside policies of another form, these flows are left out.
		p.flow.broken = true
		if p.flow.ref != first.flow.ref {
			others = append(others, p.flow.ref.String()+" "+p.at.String())
		} else if p.at != first.at {
			others = append(others, p.at.String())
		}
	}
	with := "together with " + strings.Join(others, ", ") + " "
	if r.worldKnown(first.flow.ref, first.at, with) {
		r.refuse("world-unknown", first.flow.ref, first.at, "%sstands for every address outside the cluster over an IP family of which cluster.nodeCIDRs states no nodes: add them in the profile", with)
	}
}

// unknownNetworks are the address spaces in which the profile does not separate the world
// from the cluster: all of them, or those of a family that pods have and nodes are not stated in.
func (r *resolver) unknownNetworks() *netipx.IPSet {
	var cidrs []string
	for _, f := range ipFamilies {
		if len(r.unknownAddresses()) > 0 || !r.byCilium() && !f.known(r.fence.Cluster) && slices.ContainsFunc(r.fence.Cluster.PodCIDRs, f.has) {
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

// agentFlows are those by which agents dial in from networks, as far as networks matter.
func (r *resolver) agentFlows() []*flow {
	var out []*flow
	for _, t := range r.tenants {
		for i, a := range t.spec.AgentIngress {
			if a.Mode != v1alpha1.LoadBalancer || a.SourceIP == v1alpha1.SourceNode {
				continue
			}
			f := &flow{tenant: t, direction: policy.Ingress, ref: t.ref, own: r.podEnds(t, t.Namespaces, policy.Selector{})}
			at := t.path.Child("agentIngress").Index(i).Child("cidrs")
			f.ends = []end{{peer: policy.Peer{Kind: policy.CIDRs, CIDRs: a.CIDRs}, path: at}}
			out = append(out, f)
		}
	}
	return out
}

// networkPeers are the peers of a flow that are networks. One that stands for the world by
// itself is refused where it is granted.
func networkPeers(f *flow) []networksOfPeer {
	var out []networksOfPeer
	for _, e := range f.ends {
		if e.peer.Kind != policy.CIDRs {
			continue
		}
		if set := setOf(e.peer.CIDRs, e.peer.Except); !holdsWorld(set) {
			out = append(out, networksOfPeer{flow: f, at: e.path, set: set})
		}
	}
	return out
}

// needed are parts that stand for the world together, none if they do not. Parts without
// which they still do are left out.
func needed(parts []networksOfPeer) []networksOfPeer {
	together := func(parts []networksOfPeer) bool {
		var b netipx.IPSetBuilder
		for _, p := range parts {
			b.AddSet(p.set)
		}
		set, err := b.IPSet()
		return err == nil && holdsWorld(set)
	}
	if !together(parts) {
		return nil
	}
	for i := len(parts) - 1; i >= 0; i-- {
		if rest := slices.Delete(slices.Clone(parts), i, i+1); together(rest) {
			parts = rest
		}
	}
	return parts
}

// sameSource reports whether two flows may be about the same pods in the same direction.
func sameSource(a, b *flow) bool {
	if a.direction != b.direction {
		return false
	}
	return slices.ContainsFunc(a.own, func(p policy.Peer) bool {
		return slices.ContainsFunc(b.own, func(q policy.Peer) bool {
			_, both := policy.Both(p.Pods, q.Pods)
			return both && p.Kind == q.Kind && p.Namespace == q.Namespace && p.Node == q.Node
		})
	})
}
