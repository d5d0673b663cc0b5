package netpol

import (
	"fmt"
	"net/netip"

	"go4.org/netipx"
)

// cluster knows where its parts have their addresses.
type cluster struct {
	pods, services, nodes, apiServer ranges
	// outside is what is in none of them, as far as they are known.
	outside *netipx.IPSet
}

// ranges are the addresses that a part of the cluster may have.
type ranges struct {
	set *netipx.IPSet
	// told says whether somebody said them: else they are any.
	told bool
}

func newCluster(o Options) (cluster, error) {
	everything, err := parsed([]netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}, nil)
	if err != nil {
		return cluster{}, err
	}
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
		set, err := read(part.cidrs)
		if err != nil {
			return cluster{}, fmt.Errorf("networks of %s: %w", part.what, err)
		}
		*part.ranges = ranges{set, true}
		c.outside = minus(c.outside, set)
	}
	return c, nil
}

func read(cidrs []string) (*netipx.IPSet, error) {
	var prefixes []netip.Prefix
	for _, c := range cidrs {
		p, err := network(c)
		if err != nil {
			return nil, err
		}
		prefixes = append(prefixes, p)
	}
	return parsed(prefixes, nil)
}

// network reads an address or a network.
func network(s string) (netip.Prefix, error) {
	if addr, err := address(s); err == nil {
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

func address(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%q is not an IP address", s)
	}
	return addr.Unmap(), nil
}

// has says whether an address is known to be one of these.
func (r ranges) has(addr netip.Addr) bool { return r.told && r.set.Contains(addr) }

// known are the ranges where somebody said them, and else none.
func (r ranges) known() *netipx.IPSet {
	if !r.told {
		return &netipx.IPSet{}
	}
	return r.set
}

// over splits addresses by their family, and leaves out one that no pod has: nothing
// reaches a pod by it.
func (c cluster) over(set *netipx.IPSet) []family {
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
