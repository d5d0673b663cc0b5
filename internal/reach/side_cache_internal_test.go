package reach

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

func TestAllowedSide(t *testing.T) {
	t.Parallel()
	a, b, c := podOf("acme", "a"), podOf("acme", "b"), podOf("acme", "c")
	opening := func(port uint16, partial bool, peers ...endpoints.Endpoint) flow.Opening {
		return flow.Opening{Protocol: v1alpha1.TCP, First: port, Last: port, Partial: partial, Peers: peers, Policies: []string{"acme/some"}}
	}
	for name, test := range map[string]struct {
		openings []flow.Opening
		// want has the ports of a, b and c.
		want [3][]portRange
	}{
		"each opening is for its peers": {
			[]flow.Opening{opening(80, false, a, b), opening(81, false, b)}, [3][]portRange{{tcp(80, 80)}, {tcp(80, 80), tcp(81, 81)}, nil},
		},
		"an opening for some addresses of a peer is not for the peer": {
			[]flow.Opening{opening(80, false, a, b), opening(81, true, a, c)}, [3][]portRange{{tcp(80, 80)}, {tcp(80, 80)}, nil},
		},
		"an unrestricted side is for every peer": {
			[]flow.Opening{{First: 1, Last: 65535}}, [3][]portRange{{{"", 1, 65535}}, {{"", 1, 65535}}, {{"", 1, 65535}}},
		},
	} {
		side := newAllowedSide(test.openings)
		for i, peer := range []endpoints.Endpoint{a, b, c} {
			var got []portRange
			for _, entry := range side.entriesFor(side.class(peer)) {
				got = append(got, entry.portRange)
			}
			if !slices.Equal(got, test.want[i]) {
				t.Errorf("%s: %s has %v, want %v", name, peer.Name, got, test.want[i])
			}
		}
	}
}
