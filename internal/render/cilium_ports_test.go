package render

import (
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// TestPortsAndICMPInSeparateRules is about what Cilium rejects in one rule.
func TestPortsAndICMPInSeparateRules(t *testing.T) {
	t.Parallel()
	port := policy.Port{Port: 80, Protocol: v1alpha1.TCP}
	ping := policy.Port{Name: "EchoRequest", Protocol: policy.ICMP}
	for name, c := range map[string]struct {
		ports []policy.Port
		// want is how many ports and types of message each rule has.
		want [][2]int
	}{
		"every port stays one rule":    {nil, [][2]int{{0, 0}}},
		"ports stay one rule":          {[]policy.Port{port, {Port: 81, Protocol: v1alpha1.TCP}}, [][2]int{{2, 0}}},
		"a type is one of each family": {[]policy.Port{ping}, [][2]int{{0, 2}}},
		"both become two":              {[]policy.Port{ping, port}, [][2]int{{0, 2}, {1, 0}}},
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
			t.Errorf("%s: it is %v, not %v", name, got, c.want)
		}
	}
}
