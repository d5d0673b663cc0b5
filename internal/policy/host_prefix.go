package policy

import "net/netip"

// HostPrefix returns the network of one address, such as 192.0.2.1/32. It returns any other text
// unchanged.
func HostPrefix(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	return netip.PrefixFrom(a, a.BitLen()).String()
}
