package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// findEnclosing finds the next larger network of each.
func (e knownEndpoints) findEnclosing() {
	var stack []netip.Prefix
	for _, ep := range e.addresses {
		n := ep.Network
		if !n.IsValid() {
			continue
		}
		for len(stack) > 0 && !stack[len(stack)-1].Contains(n.Addr()) {
			stack = stack[:len(stack)-1]
		}
		if len(stack) > 0 && stack[len(stack)-1] == n {
			continue
		}
		if len(stack) > 0 {
			e.enclosing[n] = stack[len(stack)-1]
		}
		stack = append(stack, n)
	}
}

// addressesIn returns an address of each part of a peer's networks that a policy or a declaration
// distinguishes.
func (e knownEndpoints) addressesIn(p policy.Peer) []endpoints.Endpoint {
	var out []endpoints.Endpoint
	var overlapping []int
	for _, c := range p.CIDRs {
		if network, err := netip.ParsePrefix(c); err == nil {
			overlapping = append(overlapping, e.overlapping(network.Masked())...)
		}
	}
	slices.Sort(overlapping)
	for _, at := range slices.Compact(overlapping) {
		if inNetworks(p, e.addresses[at]) {
			out = append(out, e.addresses[at])
		}
	}
	for _, c := range p.CIDRs {
		if addr, ok := e.uncoveredAddress(c, p.Except); ok {
			out = append(out, addr)
		}
	}
	return out
}

// uncoveredAddress is an address of a network that is in no other network, which represents all of
// these.
func (e knownEndpoints) uncoveredAddress(cidr string, except []string) (endpoints.Endpoint, bool) {
	network, err := netip.ParsePrefix(cidr)
	if err != nil {
		return endpoints.Endpoint{}, false
	}
	network = network.Masked()
	var b netipx.IPSetBuilder
	b.AddSet(addressesOf(policy.Peer{CIDRs: []string{cidr}, Except: except}))
	for _, at := range e.overlapping(network) {
		if n := e.addresses[at].Network; n.IsValid() {
			b.RemovePrefix(n)
		}
	}
	set, err := b.IPSet()
	if err != nil || len(set.Ranges()) == 0 {
		return endpoints.Endpoint{}, false
	}
	return endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: set.Ranges()[0].From().String(), Network: network}, true
}

// overlapping returns the positions of addresses whose network overlaps a network, and of those without a
// network.
func (e knownEndpoints) overlapping(network netip.Prefix) []int {
	startsAt := func(ep endpoints.Endpoint, addr netip.Addr) int { return ep.Network.Addr().Compare(addr) }
	first, _ := slices.BinarySearchFunc(e.addresses, network.Addr(), startsAt)
	var out []int
	for at := 0; at < len(e.addresses) && !e.addresses[at].Network.IsValid(); at++ {
		out = append(out, at)
	}
	// A larger network that starts earlier also contains the start of the one before the first.
	if first > 0 {
		for n, ok := e.addresses[first-1].Network, true; ok && n.IsValid(); n, ok = e.enclosing[n] {
			at, _ := slices.BinarySearchFunc(e.addresses, n, compareNetworks)
			for ; at < first && e.addresses[at].Network == n && n.Overlaps(network); at++ {
				out = append(out, at)
			}
		}
	}
	for at := first; at < len(e.addresses) && network.Contains(e.addresses[at].Network.Addr()); at++ {
		out = append(out, at)
	}
	return out
}

// compareNetworks orders addresses by network, and larger networks first.
func compareNetworks(ep endpoints.Endpoint, network netip.Prefix) int {
	return cmp.Or(ep.Network.Addr().Compare(network.Addr()), cmp.Compare(ep.Network.Bits(), network.Bits()))
}

// formatNetworks spells networks, each without the smaller ones that are not among them:
// "198.51.0.0/16 except 198.51.0.0/24".
func (e knownEndpoints) formatNetworks(networks []netip.Prefix) []string {
	chosen := map[netip.Prefix]bool{}
	for _, n := range networks {
		chosen[n] = true
	}
	// outermost is the largest network around one that has only chosen parts in between.
	outermost := func(n netip.Prefix) netip.Prefix {
		for chosen[e.enclosing[n]] {
			n = e.enclosing[n]
		}
		return n
	}
	except := map[netip.Prefix][]string{}
	for _, ep := range e.addresses {
		if n := ep.Network; n.IsValid() && !chosen[n] && chosen[e.enclosing[n]] {
			at := outermost(e.enclosing[n])
			except[at] = append(except[at], n.String())
		}
	}
	var out []string
	for _, n := range networks {
		if outermost(n) != n {
			continue
		}
		text := n.String()
		if len(except[n]) > 0 {
			text += " except " + strings.Join(except[n], ", ")
		}
		out = append(out, text)
	}
	return out
}
