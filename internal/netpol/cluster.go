package netpol

import (
	"fmt"
	"net/netip"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// cluster has the address ranges of pods, nodes and the apiserver.
type cluster struct {
	pods, services, nodes, apiServer ranges
	// outside has the addresses outside of all known ranges of the cluster.
	outside *netipx.IPSet
}

// ranges are the addresses that a part of the cluster may have.
type ranges struct {
	set *netipx.IPSet
	// isKnown reports whether the profile states them. Otherwise they can be any address.
	isKnown bool
}

func newCluster(o Options) (cluster, error) {
	everything := setOf([]netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}, nil)
	c := cluster{outside: everything}
	for _, part := range []struct {
		ranges *ranges
		what   string
		cidrs  []string
	}{
		{&c.pods, "pods", o.PodCIDRs}, {&c.services, "Services", o.ServiceCIDRs}, {&c.nodes, "nodes", o.NodeCIDRs}, {&c.apiServer, "the apiserver", o.APIServer},
	} {
		if len(part.cidrs) == 0 {
			part.ranges.set = everything
			continue
		}
		var prefixes []netip.Prefix
		for _, cidr := range part.cidrs {
			p, err := endpoints.ParseNetwork(cidr)
			if err != nil {
				return cluster{}, fmt.Errorf("networks of %s: %w", part.what, err)
			}
			prefixes = append(prefixes, p)
		}
		*part.ranges = ranges{setOf(prefixes, nil), true}
		c.outside = minus(c.outside, part.ranges.set)
	}
	return c, nil
}

// contains reports whether an address is known to be one of these.
func (r ranges) contains(addr netip.Addr) bool { return r.isKnown && r.set.Contains(addr) }

// knownSet returns the stated ranges, or no range.
func (r ranges) knownSet() *netipx.IPSet {
	if !r.isKnown {
		return &netipx.IPSet{}
	}
	return r.set
}

// splitByFamily splits addresses by IP family. It omits a family without pod addresses, because no
// traffic of that family reaches a pod.
func (c cluster) splitByFamily(set *netipx.IPSet) []family {
	all := families(set)
	var out []family
	for _, f := range all {
		for _, pods := range families(c.pods.set) {
			if f.what == pods.what {
				out = append(out, f)
			}
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
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

func worldEntity(addr netip.Addr) v1alpha1.Entity {
	if addr.Is4() {
		return v1alpha1.EntityWorldIPv4
	}
	return v1alpha1.EntityWorldIPv6
}

// family is the IPv4 or the IPv6 part of a set.
type family struct {
	what string
	set  *netipx.IPSet
}

// families splits a set by IP family, without empty parts.
func families(s *netipx.IPSet) []family {
	var v4, v6 netipx.IPSetBuilder
	for _, r := range s.Ranges() {
		if r.From().Is4() {
			v4.AddRange(r)
		} else {
			v6.AddRange(r)
		}
	}
	var out []family
	for _, f := range []family{{"over IPv4", build(&v4)}, {"over IPv6", build(&v6)}} {
		if len(f.set.Ranges()) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// setOf returns a set of networks minus exceptions.
func setOf(prefixes, except []netip.Prefix) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		b.AddPrefix(p)
	}
	for _, p := range except {
		b.RemovePrefix(p)
	}
	return build(&b)
}

// build builds a set. It cannot fail: only a prefix can be invalid, and these are parsed.
func build(b *netipx.IPSetBuilder) *netipx.IPSet {
	set, _ := b.IPSet()
	return set
}

func minus(a, b *netipx.IPSet) *netipx.IPSet {
	var out netipx.IPSetBuilder
	out.AddSet(a)
	out.RemoveSet(b)
	return build(&out)
}
