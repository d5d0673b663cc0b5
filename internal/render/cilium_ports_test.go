package render

import (
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// TestPortsAndICMPInSeparateRules checks rules that Cilium rejects if they are combined.
func TestPortsAndICMPInSeparateRules(t *testing.T) {
	t.Parallel()
	port := policy.Port{Port: 80, Protocol: v1alpha1.TCP}
	ping := policy.Port{Name: "EchoRequest", Protocol: policy.ICMP}
	for name, c := range map[string]struct {
		ports []policy.Port
		// want is the number of ports and of types of message in each rule.
		want [][2]int
	}{
		"every port is one rule":          {nil, [][2]int{{0, 0}}},
		"ports are one rule":              {[]policy.Port{port, {Port: 81, Protocol: v1alpha1.TCP}}, [][2]int{{2, 0}}},
		"a type is one of each IP family": {[]policy.Port{ping}, [][2]int{{0, 2}}},
		"ports and types are two rules":   {[]policy.Port{ping, port}, [][2]int{{0, 2}, {1, 0}}},
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
		if policy.JSONKey(got) != policy.JSONKey(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
