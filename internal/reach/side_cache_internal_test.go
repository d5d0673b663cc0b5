package reach

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

func TestAllowedSide(t *testing.T) {
	t.Parallel()
	set := endpoints.NewSet([]endpoints.Endpoint{podOf("acme", "a"), podOf("acme", "b"), podOf("acme", "c")})
	a, b, c := set.Of(1), set.Of(2), set.Of(3)
	opening := func(port uint16, partial bool, peers ...endpoints.Endpoint) flow.Opening {
		return flow.Opening{Ports: tcp(port, port), Partial: partial, Peers: flow.NewPeerSet(peers...), Policies: flow.Policies{{Namespace: "acme", Name: "some"}}}
	}
	for name, test := range map[string]struct {
		openings []flow.Opening
		// want has the ports of a, b and c.
		want [3][]flow.PortRange
	}{
		"each opening is for its peers": {
			[]flow.Opening{opening(80, false, a, b), opening(81, false, b)}, [3][]flow.PortRange{{tcp(80, 80)}, {tcp(80, 80), tcp(81, 81)}, nil},
		},
		"an opening for some addresses of a peer is not for the peer": {
			[]flow.Opening{opening(80, false, a, b), opening(81, true, a, c)}, [3][]flow.PortRange{{tcp(80, 80)}, {tcp(80, 80)}, nil},
		},
		"a peer with several cases is in an opening once": {
			[]flow.Opening{opening(80, false, a, b, a), opening(81, false, a, a)}, [3][]flow.PortRange{{tcp(80, 80), tcp(81, 81)}, {tcp(80, 80)}, nil},
		},
		"an unrestricted side is for every peer": {
			[]flow.Opening{{Ports: flow.AllPorts("")}}, [3][]flow.PortRange{{flow.AllPorts("")}, {flow.AllPorts("")}, {flow.AllPorts("")}},
		},
	} {
		side := newAllowedSide(test.openings)
		for i, peer := range []endpoints.Endpoint{a, b, c} {
			var got []flow.PortRange
			for _, entry := range side.entriesFor(side.class(peer.ID)) {
				got = append(got, entry.Ports)
			}
			if !slices.Equal(got, test.want[i]) {
				t.Errorf("%s: %s has %v, want %v", name, peer.Name, got, test.want[i])
			}
		}
	}
}
