package resolve

import (
	"math"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

func allAddresses() []string { return []string{"0.0.0.0/0", "::/0"} }

func prefixes(s *netipx.IPSet) []string {
	return texts(s.Prefixes(), netip.Prefix.String)
}

func setOf(cidrs, except []string) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, c := range cidrs {
		if p, err := netip.ParsePrefix(c); err == nil {
			b.AddPrefix(p)
		}
	}
	for _, c := range except {
		if p, err := netip.ParsePrefix(c); err == nil {
			b.RemovePrefix(p)
		}
	}
	set, err := b.IPSet()
	if err != nil {
		return &netipx.IPSet{}
	}
	return set
}

func isSubset(a, b *netipx.IPSet) bool {
	for _, r := range a.Ranges() {
		if !b.ContainsRange(r) {
			return false
		}
	}
	return true
}

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

// missingAddressFields are the missing fields of the profile that separate the world from the
// cluster.
func (r *facts) missingAddressFields() []string {
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
