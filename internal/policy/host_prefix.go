package policy

import "net/netip"

// HostPrefix is the network of one address, as 192.0.2.1/32. What is no address stays.
func HostPrefix(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	return netip.PrefixFrom(a, a.BitLen()).String()
}
