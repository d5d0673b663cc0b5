package engine

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
)

// TestPlacesOfNetworks compares the places of random networks with those of all addresses in them.
//
// It is not parallel, because labels depend on the options of the process.
func TestPlacesOfNetworks(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	address := func() netip.Addr {
		if random.IntN(3) == 0 {
			return netip.AddrFrom16([16]byte{0: 0xfd, 15: byte(random.IntN(64))})
		}
		return netip.AddrFrom4([4]byte{10, byte(random.IntN(2)), byte(random.IntN(4)), byte(random.IntN(256))})
	}
	p := newPlaces()
	places := map[netip.Addr]string{}
	found := 0
	for number := range 200 {
		addr := address()
		if places[addr] == "" {
			id := identity.NewIdentity(identity.IdentityScopeLocal+identity.NumericIdentity(number+1), labels.GetCIDRLabels(netip.PrefixFrom(addr, addr.BitLen())))
			with := p.add(id)
			places[addr] = with[len(with)-1].Value
			if without := withoutPlace(with); without.String() != id.LabelArray.String() {
				t.Errorf("got the labels %v, want %v", without, id.LabelArray)
			}
		}
		at := address()
		network, err := at.Prefix(random.IntN(at.BitLen() + 1))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for addr, place := range places {
			if network.Contains(addr) {
				want = append(want, place)
			}
		}
		p.sort()
		got := p.of(network)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got the places %q, want %q", network, got, want)
		}
		found += len(got)
	}
	if found < 1000 {
		t.Errorf("the networks have only %d addresses", found)
	}
	if all := p.of(netip.Prefix{}); len(all) != len(places) {
		t.Errorf("an unknown network has %d places, want %d", len(all), len(places))
	}
}
