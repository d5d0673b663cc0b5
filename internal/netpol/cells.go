package netpol

import (
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// cells are the parts of the address space that policies and the cluster distinguish, in order.
type cells []flow.Cell

// cellsFor cuts the address space at the bounds of all networks and of all addresses of a set.
func (p *Program) cellsFor(set *endpoints.Set) cells {
	starts := []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	cut := func(ranges ...netipx.IPRange) {
		for _, r := range ranges {
			starts = append(starts, r.From())
			if next := r.To().Next(); next.IsValid() {
				starts = append(starts, next)
			}
		}
	}
	for _, n := range slices.Concat(p.networks, set.Networks) {
		cut(netipx.RangeOfPrefix(n))
	}
	c := p.cluster
	for _, s := range []*netipx.IPSet{c.pods.set, c.services.set, c.nodes.set, c.apiServer.set, c.outside} {
		cut(s.Ranges()...)
	}
	for _, ep := range set.Endpoints {
		if addr, err := endpoints.ParseAddress(ep.Name); err == nil && ep.Kind == endpoints.AddressEndpoint {
			cut(netipx.IPRangeFrom(addr, addr))
		}
	}
	slices.SortFunc(starts, netip.Addr.Compare)
	starts = slices.Compact(starts)
	var out cells
	for i, from := range starts {
		to := netipx.RangeOfPrefix(netip.PrefixFrom(from, 0).Masked()).To()
		if i+1 < len(starts) && starts[i+1].Is4() == from.Is4() {
			to = starts[i+1].Prev()
		}
		out = append(out, netipx.IPRangeFrom(from, to))
	}
	return out
}

// of returns the cells of a set, which has none of them in part.
func (c cells) of(set *netipx.IPSet) []int {
	out := []int{}
	for _, r := range set.Ranges() {
		at, _ := slices.BinarySearchFunc(c, r.From(), func(cell flow.Cell, from netip.Addr) int { return cell.From().Compare(from) })
		for ; at < len(c) && c[at].To().Compare(r.To()) <= 0; at++ {
			out = append(out, at)
		}
	}
	return out
}
