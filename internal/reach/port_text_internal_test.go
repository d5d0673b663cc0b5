package reach

import (
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

func TestTextOfPorts(t *testing.T) {
	t.Parallel()
	handles := func(p v1alpha1.Protocol) bool {
		return p == v1alpha1.TCP || p == v1alpha1.UDP || p == flow.ICMP
	}
	udp, icmp := flow.AllPorts(v1alpha1.UDP), flow.AllPorts(flow.ICMP)
	for name, c := range map[string]struct {
		ranges []flow.PortRange
		want   string
	}{
		"a port":                          {[]flow.PortRange{tcp(80, 80)}, "port 80/TCP"},
		"a range":                         {[]flow.PortRange{tcp(80, 90)}, "ports 80-90/TCP"},
		"adjacent ranges":                 {[]flow.PortRange{tcp(85, 90), tcp(80, 84)}, "ports 80-90/TCP"},
		"several ports":                   {[]flow.PortRange{tcp(443, 443), tcp(80, 81), tcp(443, 443)}, "ports 80-81, 443/TCP"},
		"many ports":                      {[]flow.PortRange{tcp(1, 1), tcp(3, 3), tcp(5, 5), tcp(7, 7), tcp(9, 9), tcp(11, 11)}, "ports 1, 3, 5, 7/TCP and 2 more"},
		"two protocols":                   {[]flow.PortRange{tcp(53, 53), portsOf(v1alpha1.UDP, 53, 53)}, "port 53/TCP, port 53/UDP"},
		"every port of a protocol":        {[]flow.PortRange{tcp(1, 65535)}, "every port of TCP"},
		"all but one port of a protocol":  {[]flow.PortRange{tcp(1, 442), tcp(444, 65535)}, "every port of TCP but 443"},
		"every port of every protocol":    {[]flow.PortRange{tcp(80, 80), flow.AllPorts("")}, "every port of every protocol"},
		"every handled protocol":          {[]flow.PortRange{tcp(1, 65535), udp, icmp}, "every port of every protocol"},
		"all but two ports":               {[]flow.PortRange{tcp(1, 442), tcp(444, 6442), tcp(6444, 65535), udp, icmp}, "every port but 443/TCP, 6443/TCP"},
		"all but the last port":           {[]flow.PortRange{tcp(1, 65534), udp, icmp}, "every port but 65535/TCP"},
		"all of a protocol not handled":   {[]flow.PortRange{tcp(1, 65535), udp, icmp, flow.AllPorts(v1alpha1.SCTP)}, "every ICMP type, every port of SCTP, every port of TCP, every port of UDP"},
		"one handled protocol is missing": {[]flow.PortRange{tcp(1, 65535), icmp}, "every ICMP type, every port of TCP"},
		"an ICMP type":                    {[]flow.PortRange{portsOf(flow.ICMP, 8, 8)}, "ICMP type 8"},
		"several ICMP types":              {[]flow.PortRange{portsOf(flow.ICMP, 8, 8), portsOf(flow.ICMP, 3, 4)}, "ICMP types 3-4, 8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := textOfPorts(c.ranges, handles, inMessage); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
