package render

import (
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// TestPortsAndICMPInSeparateRules checks rules that Cilium rejects if they are combined.
func TestPortsAndICMPInSeparateRules(t *testing.T) {
	t.Parallel()
	port := flow.Port{Port: 80, Protocol: v1alpha1.TCP}
	ping := flow.Port{Name: "EchoRequest", Protocol: flow.ICMP}
	for name, c := range map[string]struct {
		ports []flow.Port
		// want is the number of ports and of types of message in each rule.
		want [][2]int
	}{
		"every port is one rule":          {nil, [][2]int{{0, 0}}},
		"ports are one rule":              {[]flow.Port{port, {Port: 81, Protocol: v1alpha1.TCP}}, [][2]int{{2, 0}}},
		"a type is one of each IP family": {[]flow.Port{ping}, [][2]int{{0, 2}}},
		"ports and types are two rules":   {[]flow.Port{ping, port}, [][2]int{{0, 2}, {1, 0}}},
	} {
		var got [][2]int
		for _, r := range byProtocol([]policy.Rule{{Ports: c.ports}}) {
			var n [2]int
			for _, p := range toPorts(r) {
				n[0] += len(p.Ports)
			}
			for _, i := range icmps(&policy.Fence{Cluster: v1alpha1.Cluster{CiliumVersion: "1.20"}}, r) {
				n[1] += len(i.Fields)
			}
			got = append(got, n)
		}
		if endpoints.JSONKey(got) != endpoints.JSONKey(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
