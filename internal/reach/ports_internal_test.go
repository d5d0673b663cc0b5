package reach

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

func tcp(first, last uint16) portRange { return portRange{v1alpha1.TCP, first, last} }

// A range keeps each port that no other range covers.
func TestSubtractRanges(t *testing.T) {
	t.Parallel()
	all := tcp(80, 90)
	for name, c := range map[string]struct{ covering, want []portRange }{
		"no other range":               {nil, []portRange{all}},
		"the same range":               {[]portRange{all}, nil},
		"every port of every protocol": {[]portRange{{"", 1, 65535}}, nil},
		"another protocol":             {[]portRange{{v1alpha1.UDP, 1, 65535}}, []portRange{all}},
		"all but the first port":       {[]portRange{tcp(81, 90)}, []portRange{tcp(80, 80)}},
		"all but the last port":        {[]portRange{tcp(80, 89)}, []portRange{tcp(90, 90)}},
		"one port in the middle":       {[]portRange{tcp(85, 85)}, []portRange{tcp(80, 84), tcp(86, 90)}},
		"only adjacent ports":          {[]portRange{tcp(70, 79), tcp(91, 99)}, []portRange{all}},
		"a part in the middle remains": {[]portRange{tcp(1, 80), tcp(90, 99)}, []portRange{tcp(81, 89)}},
		"several parts together":       {[]portRange{tcp(80, 83), tcp(84, 86), tcp(87, 90)}, nil},
		"overlapping parts":            {[]portRange{tcp(80, 85), tcp(80, 85), tcp(88, 99)}, []portRange{tcp(86, 87)}},
		"a larger range":               {[]portRange{tcp(79, 91)}, nil},
	} {
		if got := subtractRanges(all, c.covering); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestRangesOverlap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b portRange
		want bool
	}{
		"one port in common": {tcp(80, 90), tcp(90, 99), true},
		"none in common":     {tcp(80, 90), tcp(91, 99), false},
		"another protocol":   {tcp(80, 90), portRange{v1alpha1.UDP, 80, 90}, false},
		"every protocol":     {tcp(80, 90), portRange{"", 1, 65535}, true},
	} {
		if c.a.overlaps(c.b) != c.want || c.b.overlaps(c.a) != c.want {
			t.Errorf("%s: want %t in both directions", name, c.want)
		}
	}
}

func TestRangeIncludes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b portRange
		want bool
	}{
		"the same range":                      {tcp(80, 90), tcp(80, 90), true},
		"a smaller range":                     {tcp(80, 90), tcp(81, 89), true},
		"one more port in front":              {tcp(80, 90), tcp(79, 90), false},
		"one more port behind":                {tcp(80, 90), tcp(80, 91), false},
		"another protocol":                    {tcp(80, 90), portRange{v1alpha1.UDP, 80, 90}, false},
		"every protocol includes TCP":         {portRange{"", 1, 65535}, tcp(80, 90), true},
		"TCP does not include every protocol": {tcp(1, 65535), portRange{"", 1, 65535}, false},
		"every protocol, other ports":         {portRange{"", 1, 100}, tcp(100, 101), false},
	} {
		if got := c.a.includes(c.b); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

func TestPortRangesOf(t *testing.T) {
	t.Parallel()
	named := []endpoints.NamedPort{
		{Name: "http", Port: 8080, Protocol: v1alpha1.TCP}, {Name: "http", Port: 8081, Protocol: v1alpha1.TCP}, {Name: "http", Port: 8443, Protocol: v1alpha1.UDP},
	}
	for name, c := range map[string]struct {
		in   []flow.Port
		want []portRange
	}{
		"no port is every port of every protocol": {nil, []portRange{{"", 1, 65535}}},
		"one port": {[]flow.Port{{Port: 80, Protocol: v1alpha1.UDP}}, []portRange{{v1alpha1.UDP, 80, 80}}},
		"a range":  {[]flow.Port{{Port: 80, End: 90, Protocol: v1alpha1.TCP}}, []portRange{tcp(80, 90)}},
		"a name is each number that its protocol has": {
			[]flow.Port{{Name: "http", Protocol: v1alpha1.TCP}}, []portRange{tcp(8080, 8080), tcp(8081, 8081)},
		},
		"an unknown name is no port": {[]flow.Port{{Name: "grpc", Protocol: v1alpha1.TCP}}, nil},
		"an ICMP type is one of each IP family": {
			[]flow.Port{{Name: string(v1alpha1.ICMPEchoRequest), Protocol: flow.ICMP}}, []portRange{{flow.ICMP, 8, 8}, {flow.ICMPv6, 128, 128}},
		},
	} {
		if got := portRangesOf(c.in, named); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// Each rule of an opening is compared with the declared rules by itself.
func TestSubtractAllowed(t *testing.T) {
	t.Parallel()
	dns := func(names ...string) flow.L7 { return flow.L7{DNS: names} }
	opening := func(l7 flow.L7) flow.Opening {
		return flow.Opening{Protocol: v1alpha1.TCP, First: 53, Last: 54, L7: l7, Policies: []string{"acme/dns"}}
	}
	for name, c := range map[string]struct {
		opening      flow.Opening
		allowEntries []allowEntry
		want         []flow.Opening
	}{
		"nothing is declared": {opening(flow.L7{}), nil, []flow.Opening{opening(flow.L7{})}},
		"all is declared":     {opening(dns("a.example")), []allowEntry{{portRange: tcp(53, 54), l7: dns("*.example")}}, nil},
		"one of two names is declared": {
			opening(dns("a.example", "b.example")), []allowEntry{{portRange: tcp(53, 54), l7: dns("a.example")}}, []flow.Opening{opening(dns("b.example"))},
		},
		"on one of two ports": {
			opening(dns("a.example")), []allowEntry{{portRange: tcp(53, 53), l7: dns("a.example")}},
			[]flow.Opening{{Protocol: v1alpha1.TCP, First: 54, Last: 54, L7: dns("a.example"), Policies: []string{"acme/dns"}}},
		},
		"L7 rules do not declare all traffic": {
			opening(flow.L7{}), []allowEntry{{portRange: tcp(53, 54), l7: dns("a.example")}}, []flow.Opening{opening(flow.L7{})},
		},
	} {
		if got := subtractAllowed(c.opening, c.allowEntries); endpoints.JSONKey(got) != endpoints.JSONKey(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
