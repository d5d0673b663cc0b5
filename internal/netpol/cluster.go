package netpol

import (
	"fmt"
	"net/netip"

	"go4.org/netipx"
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
	allAddresses, err := newSet([]netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}, nil)
	if err != nil {
		return cluster{}, err
	}
	c := cluster{outside: allAddresses}
	for _, part := range []struct {
		ranges *ranges
		what   string
		cidrs  []string
	}{
		{&c.pods, "pods", o.PodCIDRs}, {&c.services, "Services", o.ServiceCIDRs}, {&c.nodes, "nodes", o.NodeCIDRs}, {&c.apiServer, "the apiserver", o.APIServer},
	} {
		if len(part.cidrs) == 0 {
			part.ranges.set = allAddresses
			continue
		}
		set, err := parseCIDRs(part.cidrs)
		if err != nil {
			return cluster{}, fmt.Errorf("networks of %s: %w", part.what, err)
		}
		*part.ranges = ranges{set, true}
		c.outside = minus(c.outside, set)
	}
	return c, nil
}

func parseCIDRs(cidrs []string) (*netipx.IPSet, error) {
	var prefixes []netip.Prefix
	for _, c := range cidrs {
		p, err := parseNetwork(c)
		if err != nil {
			return nil, err
		}
		prefixes = append(prefixes, p)
	}
	return newSet(prefixes, nil)
}

// parseNetwork reads an address or a network.
func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := parseAddress(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, fmt.Errorf("%q is not a network in CIDR notation", s)
	case p.Addr().Is4In6():
		return p, fmt.Errorf("%q is an IPv4 network written as IPv6: write it as IPv4", s)
	default:
		return p.Masked(), nil
	}
}

func parseAddress(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%q is not an IP address", s)
	}
	return addr.Unmap(), nil
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
