package policy

import "net/netip"

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
