package endpoints

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"go4.org/netipx"
)

// ParseNetwork reads an address or a network.
func ParseNetwork(s string) (netip.Prefix, error) {
	if addr, err := ParseAddress(s); err == nil {
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

// ParseAddress reads an address.
func ParseAddress(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%q is not an IP address", s)
	}
	return addr.Unmap(), nil
}

var dnsName = regexp.MustCompile(`^[-a-zA-Z0-9_]+([.][-a-zA-Z0-9_]+)*[.]?$`)

// IsName reports whether a text is a DNS name, and no pattern and no address.
func IsName(s string) bool {
	_, err := ParseAddress(s)
	return err != nil && len(s) <= 255 && dnsName.MatchString(s)
}

// SortNetworks sorts networks, each before those within it, and removes copies.
func SortNetworks(all []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, p := range all {
		out[i] = p.Masked()
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return slices.Compact(out)
}

// AddressInEach returns, for each network, an address outside of the smaller networks and of excluded
// ones, if it has one. It skips 0.0.0.0/0 and ::/0 unless they are labelled: the entity world
// represents them.
func AddressInEach(networks []netip.Prefix, labelled map[netip.Prefix]bool, excluded []netip.Prefix) []Endpoint {
	all := SortNetworks(networks)
	var out []Endpoint
	for i, p := range all {
		if p.Bits() == 0 && !labelled[p] {
			continue
		}
		var b netipx.IPSetBuilder
		b.AddPrefix(p)
		for _, q := range all[i+1:] {
			if !p.Contains(q.Addr()) {
				break
			}
			b.RemovePrefix(q)
		}
		for _, q := range excluded {
			b.RemovePrefix(q)
		}
		// It fails only for an invalid prefix.
		if set, err := b.IPSet(); err == nil && len(set.Ranges()) > 0 {
			out = append(out, Endpoint{Kind: AddressEndpoint, Name: set.Ranges()[0].From().String(), Network: p})
		}
	}
	return out
}

// ExceptionsIn returns the exceptions that are within a network. Cilium rejects others.
func ExceptionsIn(cidr string, except []string) []string {
	outer, err := netip.ParsePrefix(cidr)
	if err != nil {
		return except
	}
	var out []string
	for _, e := range except {
		if p, err := netip.ParsePrefix(e); err == nil && outer.Contains(p.Addr()) && p.Bits() >= outer.Bits() {
			out = append(out, e)
		}
	}
	return out
}

// HostPrefix returns the network of one address, such as 192.0.2.1/32. It returns any other text
// unchanged.
func HostPrefix(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	return netip.PrefixFrom(a, a.BitLen()).String()
}
