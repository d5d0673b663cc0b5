package netpol

import (
	"net/netip"
	"strings"

	"go4.org/netipx"
)

// newSet returns a set of networks minus exceptions.
func newSet(prefixes, except []netip.Prefix) (*netipx.IPSet, error) {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		b.AddPrefix(p)
	}
	for _, p := range except {
		b.RemovePrefix(p)
	}
	return b.IPSet()
}

// buildSet builds a set from sets and ranges. It cannot fail: only a prefix can be invalid.
func buildSet(b *netipx.IPSetBuilder) *netipx.IPSet {
	set, _ := b.IPSet()
	return set
}

func union(sets ...*netipx.IPSet) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, s := range sets {
		b.AddSet(s)
	}
	return buildSet(&b)
}

func minus(a *netipx.IPSet, sets ...*netipx.IPSet) *netipx.IPSet {
	var b netipx.IPSetBuilder
	b.AddSet(a)
	for _, s := range sets {
		b.RemoveSet(s)
	}
	return buildSet(&b)
}

func intersection(a, b *netipx.IPSet) *netipx.IPSet {
	var out netipx.IPSetBuilder
	out.AddSet(a)
	out.Intersect(b)
	return buildSet(&out)
}

func singleAddress(addr netip.Addr) *netipx.IPSet {
	var b netipx.IPSetBuilder
	b.Add(addr)
	return buildSet(&b)
}

func empty(s *netipx.IPSet) bool { return len(s.Ranges()) == 0 }

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
	for _, f := range []family{{"over IPv4", buildSet(&v4)}, {"over IPv6", buildSet(&v6)}} {
		if !empty(f.set) {
			out = append(out, f)
		}
	}
	return out
}

// share is how much of an endpoint a peer matches: none, a part, or all of its possible addresses.
type share int

const (
	none share = iota
	part
	whole
)

// shareOf returns how much of the addresses is in the ipBlock.
func shareOf(block, of *netipx.IPSet) share {
	covered, overlaps := !empty(of), false
	for _, r := range of.Ranges() {
		covered = covered && block.ContainsRange(r)
		overlaps = overlaps || block.OverlapsRange(r)
	}
	switch {
	case covered:
		return whole
	case overlaps:
		return part
	default:
		return none
	}
}

// formatSet formats a set for a note.
func formatSet(s *netipx.IPSet) string {
	const most = 4
	var out []string
	for _, p := range s.Prefixes() {
		if len(out) == most {
			out = append(out, "…")
			break
		}
		out = append(out, p.String())
	}
	return strings.Join(out, ", ")
}
