package flow

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

func tcp(first, last uint16) PortRange { return PortRange{v1alpha1.TCP, first, last} }

// A range keeps each port that no other range covers.
func TestSubtractRanges(t *testing.T) {
	t.Parallel()
	all := tcp(80, 90)
	for name, c := range map[string]struct{ covering, want []PortRange }{
		"no other range":               {nil, []PortRange{all}},
		"the same range":               {[]PortRange{all}, nil},
		"every port of every protocol": {[]PortRange{{"", 1, 65535}}, nil},
		"another protocol":             {[]PortRange{{v1alpha1.UDP, 1, 65535}}, []PortRange{all}},
		"all but the first port":       {[]PortRange{tcp(81, 90)}, []PortRange{tcp(80, 80)}},
		"all but the last port":        {[]PortRange{tcp(80, 89)}, []PortRange{tcp(90, 90)}},
		"one port in the middle":       {[]PortRange{tcp(85, 85)}, []PortRange{tcp(80, 84), tcp(86, 90)}},
		"only adjacent ports":          {[]PortRange{tcp(70, 79), tcp(91, 99)}, []PortRange{all}},
		"a part in the middle remains": {[]PortRange{tcp(1, 80), tcp(90, 99)}, []PortRange{tcp(81, 89)}},
		"several parts together":       {[]PortRange{tcp(80, 83), tcp(84, 86), tcp(87, 90)}, nil},
		"overlapping parts":            {[]PortRange{tcp(80, 85), tcp(80, 85), tcp(88, 99)}, []PortRange{tcp(86, 87)}},
		"a larger range":               {[]PortRange{tcp(79, 91)}, nil},
	} {
		if got := all.Without(c.covering); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestRangesOverlap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b PortRange
		want bool
	}{
		"one port in common": {tcp(80, 90), tcp(90, 99), true},
		"none in common":     {tcp(80, 90), tcp(91, 99), false},
		"another protocol":   {tcp(80, 90), PortRange{v1alpha1.UDP, 80, 90}, false},
		"every protocol":     {tcp(80, 90), PortRange{"", 1, 65535}, true},
	} {
		if c.a.Overlaps(c.b) != c.want || c.b.Overlaps(c.a) != c.want {
			t.Errorf("%s: want %t in both directions", name, c.want)
		}
	}
}

func TestRangeIncludes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b PortRange
		want bool
	}{
		"the same range":                      {tcp(80, 90), tcp(80, 90), true},
		"a smaller range":                     {tcp(80, 90), tcp(81, 89), true},
		"one more port in front":              {tcp(80, 90), tcp(79, 90), false},
		"one more port behind":                {tcp(80, 90), tcp(80, 91), false},
		"another protocol":                    {tcp(80, 90), PortRange{v1alpha1.UDP, 80, 90}, false},
		"every protocol includes TCP":         {PortRange{"", 1, 65535}, tcp(80, 90), true},
		"TCP does not include every protocol": {tcp(1, 65535), PortRange{"", 1, 65535}, false},
		"every protocol, other ports":         {PortRange{"", 1, 100}, tcp(100, 101), false},
	} {
		if got := c.a.Includes(c.b); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}
