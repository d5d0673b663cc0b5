package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// TestOverlappingNetworks compares the search with a look at each network.
func TestOverlappingNetworks(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2_000) {
		random := rand.New(rand.NewPCG(seed, 1))
		network := func() netip.Prefix {
			return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(random.IntN(3)), byte(random.IntN(256)), 0}), 8+4*random.IntN(5)).Masked()
		}
		var known []endpoints.Endpoint
		for range random.IntN(12) {
			n := network()
			known = append(known, endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: n.Addr().String(), Network: n})
		}
		known = append(known, endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: "10.1.0.9"})
		e := newKnownEndpoints(known)
		asked := network()
		want := []int{}
		for at, ep := range e.addresses {
			if !ep.Network.IsValid() || ep.Network.Overlaps(asked) {
				want = append(want, at)
			}
		}
		got := e.overlapping(asked)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: %s overlaps %v, and the search found %v", seed, asked, want, got)
		}
		var in []string
		for _, ep := range e.addressesIn(policy.Peer{Kind: policy.CIDRs, CIDRs: []string{asked.String()}}) {
			in = append(in, ep.Name)
		}
		for _, ep := range known {
			if contains := asked.Contains(netip.MustParseAddr(ep.Name)); contains && !slices.Contains(in, ep.Name) {
				t.Fatalf("seed %d: %s contains %s, and the peer has %s", seed, asked, ep.Name, fmt.Sprint(in))
			}
		}
	}
}
