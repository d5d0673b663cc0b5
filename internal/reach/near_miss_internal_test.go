package reach

import (
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/report"
)

func labelledPod(namespace, name string, labels map[string]string) endpoints.Endpoint {
	return endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: namespace + "/Pod/" + name, Namespace: namespace, Labels: labels}
}

// TestNearestPeer checks which of several peers of a rule differs least from the peer of a flow.
func TestNearestPeer(t *testing.T) {
	t.Parallel()
	own := labelledPod("web", "one", map[string]string{"app": "one", "tier": "front"})
	address := func(name string) endpoints.Endpoint {
		return endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: name}
	}
	for name, c := range map[string]struct {
		own   endpoints.Endpoint
		peers []endpoints.Endpoint
		part  report.MissPart
		text  string
	}{
		"one label before two": {own, []endpoints.Endpoint{labelledPod("web", "a", map[string]string{"app": "x", "tier": "y"}), labelledPod("web", "b", map[string]string{"app": "one", "tier": "back"})},
			report.MissLabels, "allows port 80/TCP with web/Pod/b: only labels of the peer differ: tier=back instead of tier=front"},
		"labels before a namespace": {own, []endpoints.Endpoint{labelledPod("shop", "a", own.Labels), labelledPod("web", "b", map[string]string{"app": "two"})},
			report.MissLabels, "allows port 80/TCP with web/Pod/b: only labels of the peer differ: app=two instead of app=one"},
		"a label that the pod lacks": {own, []endpoints.Endpoint{labelledPod("web", "a", map[string]string{"app": "one", "role": "client"})},
			report.MissLabels, "allows port 80/TCP with web/Pod/a: only labels of the peer differ: role=client, which this one does not have"},
		"a label that the pod must not have": {own, []endpoints.Endpoint{labelledPod("web", "a", map[string]string{"app": "one"})},
			report.MissLabels, "allows port 80/TCP with web/Pod/a: only labels of the peer differ: without tier=front"},
		"another namespace": {own, []endpoints.Endpoint{labelledPod("shop", "a", own.Labels)},
			report.MissNamespace, "allows port 80/TCP with shop/Pod/a: the namespace of the peer differs: shop instead of web"},
		"another address before another kind": {address("192.0.2.1"), []endpoints.Endpoint{{Kind: endpoints.NameEndpoint, Name: "api.example.com"}, address("192.0.2.2")},
			report.MissPeer, "allows port 80/TCP with 192.0.2.2: only the peer differs"},
		"a rule for pods is not near to one for addresses": {address("192.0.2.1"), []endpoints.Endpoint{own}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := missSearch{
				Questions: &Questions{}, direction: flow.Egress, flow: flow.Flow{From: own, To: c.own, Port: 80, Protocol: v1alpha1.TCP},
				openings: flow.Openings{{Ports: flow.PortRange{Protocol: v1alpha1.TCP, First: 80, Last: 80}, Peers: flow.NewPeerSet(c.peers...), Policies: flow.Policies{{Name: "p"}}}},
			}
			got, err := s.otherPeer()
			if err != nil {
				t.Fatal(err)
			}
			if c.part == "" {
				if got != nil {
					t.Errorf("got %+v, want no rule", got)
				}
				return
			}
			if got == nil || got.Differs != c.part || got.Text != c.text {
				t.Errorf("got %+v, want %s: %s", got, c.part, c.text)
			}
		})
	}
}

// TestDistanceOfPorts checks that every port of the same protocol is nearer than one of another protocol.
func TestDistanceOfPorts(t *testing.T) {
	t.Parallel()
	asked := []flow.PortRange{{Protocol: v1alpha1.TCP, First: 443, Last: 443}}
	at := func(p v1alpha1.Protocol, first, last uint16) int {
		return distanceOf(asked, flow.PortRange{Protocol: p, First: first, Last: last})
	}
	order := []int{at(v1alpha1.TCP, 443, 443), at(v1alpha1.TCP, 440, 442), at(v1alpha1.TCP, 445, 9000), at(v1alpha1.TCP, 65535, 65535), at(v1alpha1.UDP, 443, 443), at(v1alpha1.UDP, 53, 53)}
	for i := 1; i < len(order); i++ {
		if order[i-1] >= order[i] {
			t.Errorf("distances %v must rise", order)
		}
	}
}
