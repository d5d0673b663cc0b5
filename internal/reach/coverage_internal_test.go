package reach

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

func tcp(first, last uint16) flow.PortRange { return portsOf(v1alpha1.TCP, first, last) }

func portsOf(p v1alpha1.Protocol, first, last uint16) flow.PortRange {
	return flow.PortRange{Protocol: p, First: first, Last: last}
}

func TestPortRangesOf(t *testing.T) {
	t.Parallel()
	named := []endpoints.NamedPort{
		{Name: "http", Port: 8080, Protocol: v1alpha1.TCP}, {Name: "http", Port: 8081, Protocol: v1alpha1.TCP}, {Name: "http", Port: 8443, Protocol: v1alpha1.UDP},
	}
	for name, c := range map[string]struct {
		in   []flow.Port
		want []flow.PortRange
	}{
		"no port is every port of every protocol": {nil, []flow.PortRange{flow.AllPorts("")}},
		"one port": {[]flow.Port{{Port: 80, Protocol: v1alpha1.UDP}}, []flow.PortRange{portsOf(v1alpha1.UDP, 80, 80)}},
		"a range":  {[]flow.Port{{Port: 80, End: 90, Protocol: v1alpha1.TCP}}, []flow.PortRange{tcp(80, 90)}},
		"a name is each number that its protocol has": {
			[]flow.Port{{Name: "http", Protocol: v1alpha1.TCP}}, []flow.PortRange{tcp(8080, 8080), tcp(8081, 8081)},
		},
		"an unknown name is no port": {[]flow.Port{{Name: "grpc", Protocol: v1alpha1.TCP}}, nil},
		"an ICMP type is one of each IP family": {
			[]flow.Port{{Name: string(v1alpha1.ICMPEchoRequest), Protocol: flow.ICMP}}, []flow.PortRange{portsOf(flow.ICMP, 8, 8), portsOf(flow.ICMPv6, 128, 128)},
		},
	} {
		if got := portRangesOf(c.in, named); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// With rules for every DNS name, the proxy sees the answers to all of DNS.
func TestAllows(t *testing.T) {
	t.Parallel()
	for desc, c := range map[string]struct {
		allowed, part flow.L7
		want          bool
	}{
		"all names are all of DNS":       {flow.DNSFor("*"), flow.L7{}, true},
		"some names are not all of DNS":  {flow.DNSFor("a.example"), flow.L7{}, false},
		"all names include one":          {flow.DNSFor("*"), flow.DNSFor("a.example"), true},
		"all names are no server's name": {flow.DNSFor("*"), flow.TLSTo("a.example"), false},
	} {
		if got := allows(c.allowed, c.part); got != c.want {
			t.Errorf("%s: got %t, want %t", desc, got, c.want)
		}
	}
}
