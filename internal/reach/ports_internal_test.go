package reach

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

func tcp(first, last uint16) ports { return ports{v1alpha1.TCP, first, last} }

// What is left of a range is all that no other range has, to the port.
func TestWithout(t *testing.T) {
	t.Parallel()
	all := tcp(80, 90)
	for name, c := range map[string]struct{ covering, want []ports }{
		"nothing covers it":                {nil, []ports{all}},
		"it covers itself":                 {[]ports{all}, nil},
		"every protocol covers it":         {[]ports{{"", 1, 65535}}, nil},
		"another protocol does not":        {[]ports{{v1alpha1.UDP, 1, 65535}}, []ports{all}},
		"all but the first port":           {[]ports{tcp(81, 90)}, []ports{tcp(80, 80)}},
		"all but the last port":            {[]ports{tcp(80, 89)}, []ports{tcp(90, 90)}},
		"one in the middle":                {[]ports{tcp(85, 85)}, []ports{tcp(80, 84), tcp(86, 90)}},
		"the ports beside it":              {[]ports{tcp(70, 79), tcp(91, 99)}, []ports{all}},
		"both of its ends":                 {[]ports{tcp(1, 80), tcp(90, 99)}, []ports{tcp(81, 89)}},
		"several parts together":           {[]ports{tcp(80, 83), tcp(84, 86), tcp(87, 90)}, nil},
		"a part twice, and another":        {[]ports{tcp(80, 85), tcp(80, 85), tcp(88, 99)}, []ports{tcp(86, 87)}},
		"a larger range in two directions": {[]ports{tcp(79, 91)}, nil},
	} {
		if got := without(all, c.covering); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v is left, not %v", name, got, c.want)
		}
	}
}

func TestOverlaps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b ports
		want bool
	}{
		"one port in common":         {tcp(80, 90), tcp(90, 99), true},
		"none in common":             {tcp(80, 90), tcp(91, 99), false},
		"another protocol":           {tcp(80, 90), ports{v1alpha1.UDP, 80, 90}, false},
		"every protocol has the one": {tcp(80, 90), ports{"", 1, 65535}, true},
	} {
		if c.a.overlaps(c.b) != c.want || c.b.overlaps(c.a) != c.want {
			t.Errorf("%s: it must be %t in both directions", name, c.want)
		}
	}
}

func TestIncludesPorts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b ports
		want bool
	}{
		"a range includes itself":         {tcp(80, 90), tcp(80, 90), true},
		"and a part":                      {tcp(80, 90), tcp(81, 89), true},
		"but not the port before":         {tcp(80, 90), tcp(79, 90), false},
		"nor the port behind":             {tcp(80, 90), tcp(80, 91), false},
		"nor another protocol":            {tcp(80, 90), ports{v1alpha1.UDP, 80, 90}, false},
		"every protocol includes one":     {ports{"", 1, 65535}, tcp(80, 90), true},
		"one does not include every":      {tcp(1, 65535), ports{"", 1, 65535}, false},
		"of every protocol count numbers": {ports{"", 1, 100}, tcp(100, 101), false},
	} {
		if got := c.a.includes(c.b); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

func TestPortsAreNumbers(t *testing.T) {
	t.Parallel()
	named := []policy.NamedPort{
		{Name: "http", Port: 8080, Protocol: v1alpha1.TCP}, {Name: "http", Port: 8081, Protocol: v1alpha1.TCP}, {Name: "http", Port: 8443, Protocol: v1alpha1.UDP},
	}
	for name, c := range map[string]struct {
		in   []policy.Port
		want []ports
	}{
		"none is every port of every protocol": {nil, []ports{{"", 1, 65535}}},
		"a port is one":                        {[]policy.Port{{Port: 80, Protocol: v1alpha1.UDP}}, []ports{{v1alpha1.UDP, 80, 80}}},
		"a range is all of it":                 {[]policy.Port{{Port: 80, End: 90, Protocol: v1alpha1.TCP}}, []ports{tcp(80, 90)}},
		"a name is each number of its protocol": {
			[]policy.Port{{Name: "http", Protocol: v1alpha1.TCP}}, []ports{tcp(8080, 8080), tcp(8081, 8081)},
		},
		"a name that nothing bears is no port": {[]policy.Port{{Name: "grpc", Protocol: v1alpha1.TCP}}, nil},
		"a type of message is one of each family": {
			[]policy.Port{{Name: string(v1alpha1.ICMPEchoRequest), Protocol: policy.ICMP}}, []ports{{policy.ICMP, 8, 8}, {policy.ICMPv6, 128, 128}},
		},
	} {
		if got := portsOf(c.in, named); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// What is open beyond what is declared is found for each rule by itself.
func TestClosed(t *testing.T) {
	t.Parallel()
	dns := func(names ...string) policy.L7 { return policy.L7{DNS: names} }
	opening := func(l7 policy.L7) policy.Opening {
		return policy.Opening{Protocol: v1alpha1.TCP, First: 53, Last: 54, L7: l7, By: []string{"acme/dns"}}
	}
	for name, c := range map[string]struct {
		opening  policy.Opening
		passages []passage
		want     []policy.Opening
	}{
		"nothing is declared": {opening(policy.L7{}), nil, []policy.Opening{opening(policy.L7{})}},
		"all is declared":     {opening(dns("a.example")), []passage{{ports: tcp(53, 54), l7: dns("*.example")}}, nil},
		"one of two names is": {
			opening(dns("a.example", "b.example")), []passage{{ports: tcp(53, 54), l7: dns("a.example")}}, []policy.Opening{opening(dns("b.example"))},
		},
		"on one of two ports": {
			opening(dns("a.example")), []passage{{ports: tcp(53, 53), l7: dns("a.example")}},
			[]policy.Opening{{Protocol: v1alpha1.TCP, First: 54, Last: 54, L7: dns("a.example"), By: []string{"acme/dns"}}},
		},
		"rules do not declare everything": {
			opening(policy.L7{}), []passage{{ports: tcp(53, 54), l7: dns("a.example")}}, []policy.Opening{opening(policy.L7{})},
		},
	} {
		if got := closed(c.opening, c.passages); policy.Key(got) != policy.Key(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
