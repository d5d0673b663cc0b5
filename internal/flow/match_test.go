package flow_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// With every star retried at every position, these two patterns take exponential time.
var manyStars, manyLetters = strings.Repeat("*a", 30) + "b.example.com", strings.Repeat("a", 63) + ".example.com"

func TestCovers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit, requested string
		want             bool
	}{
		"a name covers itself":                                 {"api.openai.com", "api.openai.com", true},
		"case and a trailing dot do not matter":                {"API.openai.com", "api.OpenAI.com.", true},
		"a name covers no other":                               {"api.openai.com", "evil.openai.com", false},
		"a name does not cover a longer one with it as suffix": {"openai.com", "evilopenai.com", false},
		"a name does not cover a longer one with it as prefix": {"api.openai.com", "api.openai.com.evil.example", false},
		"a name covers no pattern":                             {"api.openai.com", "*.openai.com", false},
		"a star covers a name in its place":                    {"*.openai.com", "api.openai.com", true},
		"a star covers itself":                                 {"*.openai.com", "*.openai.com", true},
		"a star covers a narrower pattern":                     {"*.openai.com", "eu-*.openai.com", true},
		"a star does not cover the domain itself":              {"*.openai.com", "openai.com", false},
		"a star does not cover a deeper name":                  {"*.openai.com", "a.b.openai.com", false},
		"a star does not cover a star that is deeper":          {"*.openai.com", "*.evil.openai.com", false},
		"a star does not cover a star that is higher":          {"*.openai.com", "*.com", false},
		"a star with a dot does not cover one without":         {"*.openai.com", "*openai.com", false},
		"a star without a dot covers one label only":           {"*openai.com", "api.openai.com", false},
		"a star without a dot covers a longer label":           {"*openai.com", "evilopenai.com", true},
		"a star within a label covers its text":                {"api-*.example.org", "api-eu.example.org", true},
		"a star within a label does not cover other text":      {"api-*.example.org", "apx-eu.example.org", false},
		"a star within a label does not cover a wider star":    {"api-*.example.org", "a*.example.org", false},
		"two stars in a label cover a text with both parts":    {"*-eu-*.example.org", "api-eu-1.example.org", true},
		"a star matches an empty text":                         {"api*.example.org", "api.example.org", true},
		"a star in the middle covers one label":                {"a.*.example.org", "a.b.example.org", true},
		"a star in the middle does not cover two":              {"a.*.example.org", "a.b.c.example.org", false},
		"two stars cover one label":                            {"**.example.com", "a.example.com", true},
		"two stars cover several":                              {"**.example.com", "a.b.c.example.com", true},
		"two stars cover one star":                             {"**.example.com", "*.example.com", true},
		"two stars cover stars below":                          {"**.example.com", "**.a.example.com", true},
		"two stars do not cover the domain itself":             {"**.example.com", "example.com", false},
		"two stars do not cover a star above":                  {"**.example.com", "*.com", false},
		"two stars do not cover a domain with the same suffix": {"**.example.com", "a.badexample.com", false},
		"one star does not cover two":                          {"*.example.com", "**.example.com", false},
		"a lone star covers every name":                        {"*", "a.b.example.com", true},
		"a lone star covers every pattern":                     {"*", "**.example.com", true},
		"only a lone star covers a lone star":                  {"**.example.com", "*", false},
		"two stars alone are a lone star, as Cilium has it":    {"**", "*", true},
		"no limit covers a lone star by its first label alone": {"*.com", "*", false},
		"many stars cover what they match":                     {manyStars, "a" + strings.Repeat("a", 30) + "b.example.com", true},
		"many stars do not cover what they do not match":       {manyStars, manyLetters, false},
		"the last star is tried at every place":                {"*ab*abc.example.com", "ababxabababc.example.com", true},
		"a text does not match a requested star":               {"*a*.example.com", "b*.example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := flow.Covers(c.limit, c.requested); got != c.want {
				t.Errorf("Covers(%q, %q) is %v", c.limit, c.requested, got)
			}
		})
	}
}

func TestOverlaps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b string
		want bool
	}{
		"a name and itself, whatever its case":       {"auth.example.com", "Auth.example.com.", true},
		"two names":                                  {"auth.example.com", "www.example.com", false},
		"a name and a pattern that matches it":       {"auth.example.com", "*.example.com", true},
		"a name and a pattern that does not":         {"auth.example.com", "*.example.org", false},
		"a star and a deeper name":                   {"*.example.com", "a.b.example.com", false},
		"two patterns that a name may match at once": {"a*.example.com", "*h.example.com", true},
		"two patterns without a common name":         {"a*.example.com", "b*.example.com", false},
		"stars in different labels":                  {"a.*.example.com", "*.b.example.com", true},
		"a text between two stars":                   {"*eu*.example.com", "a*.example.com", true},
		"a star that matches an empty text":          {"auth*.example.com", "*auth.example.com", true},
		"two stars and a deeper name":                {"**.example.com", "a.b.example.com", true},
		"two stars and the domain itself":            {"**.example.com", "example.com", false},
		"two stars and a shorter pattern":            {"**.b.example.com", "*.example.com", false},
		"two stars and a pattern one label longer":   {"**.example.com", "*.example.com", true},
		"two stars at different depths":              {"**.a.example.com", "**.example.com", true},
		"two stars at different domains":             {"**.a.example.com", "**.b.example.com", false},
		"a lone star and any name":                   {"*", "example.com", true},
		"many stars and a name that they match":      {manyStars, strings.Repeat("a", 40) + "b.example.com", true},
		"many stars and one that they do not":        {manyStars, manyLetters, false},
		"two patterns with many stars":               {manyStars, strings.Repeat("*a", 30) + "c.example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, got := range []bool{flow.Overlaps(c.a, c.b), flow.Overlaps(c.b, c.a)} {
				if got != c.want {
					t.Errorf("Overlaps(%q, %q) is %v", c.a, c.b, got)
				}
			}
		})
	}
}

func number(port, end int32) flow.Port {
	return flow.Port{Port: port, End: end, Protocol: v1alpha1.TCP}
}

func TestPortCoveredBy(t *testing.T) {
	t.Parallel()
	named := flow.Port{Name: "http", Protocol: v1alpha1.TCP}
	udp := flow.Port{Port: 80, Protocol: v1alpha1.UDP}
	for name, c := range map[string]struct {
		port flow.Port
		by   []flow.Port
		want bool
	}{
		"nothing covers no port":                       {number(80, 0), nil, false},
		"a port covers itself":                         {number(80, 0), []flow.Port{number(80, 0)}, true},
		"a port covers no other":                       {number(80, 0), []flow.Port{number(81, 0)}, false},
		"a port covers no other protocol":              {udp, []flow.Port{number(80, 0)}, false},
		"a range covers its first port":                {number(80, 0), []flow.Port{number(80, 90)}, true},
		"a range covers its last port":                 {number(90, 0), []flow.Port{number(80, 90)}, true},
		"a range does not cover the next port":         {number(91, 0), []flow.Port{number(80, 90)}, false},
		"a range covers a part of itself":              {number(82, 88), []flow.Port{number(80, 90)}, true},
		"a range does not cover one that exceeds it":   {number(85, 95), []flow.Port{number(80, 90)}, false},
		"adjoining ranges cover a range across them":   {number(80, 100), []flow.Port{number(91, 100), number(80, 90)}, true},
		"overlapping ranges cover a range across them": {number(80, 100), []flow.Port{number(85, 100), number(80, 90)}, true},
		"ranges with a gap do not cover it":            {number(80, 100), []flow.Port{number(92, 100), number(80, 90)}, false},
		"a range may include the highest port":         {number(1, 65535), []flow.Port{number(1, 65535)}, true},
		"a name covers itself":                         {named, []flow.Port{named}, true},
		"a number covers no name":                      {named, []flow.Port{number(1, 65535)}, false},
		"a name covers no number":                      {number(80, 0), []flow.Port{named}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.port.CoveredBy(c.by); got != c.want {
				t.Errorf("%s covered by %v is %v", c.port, c.by, got)
			}
		})
	}
}

func TestPortOverlap(t *testing.T) {
	t.Parallel()
	named := flow.Port{Name: "http", Protocol: v1alpha1.TCP}
	udp := flow.Port{Port: 80, Protocol: v1alpha1.UDP}
	none := flow.Port{}
	for name, c := range map[string]struct{ a, b, want flow.Port }{
		"a port with itself is itself":                    {number(80, 0), number(80, 0), number(80, 0)},
		"a port with another is nothing":                  {number(80, 0), number(81, 0), none},
		"a port with another protocol is none":            {number(80, 0), udp, none},
		"a port within a range is the port":               {number(85, 0), number(80, 90), number(85, 0)},
		"a port next to a range is none":                  {number(91, 0), number(80, 90), none},
		"two ranges have their common part":               {number(80, 90), number(85, 95), number(85, 90)},
		"two ranges that touch have one port":             {number(80, 90), number(90, 95), number(90, 0)},
		"two ranges apart have nothing":                   {number(80, 90), number(91, 95), none},
		"a range with a range within it is the inner one": {number(80, 90), number(82, 84), number(82, 84)},
		"a name with itself is itself":                    {named, named, named},
		"a name with a number is nothing":                 {named, number(80, 0), none},
		"a range of one port becomes a port":              {number(80, 80), number(80, 80), number(80, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, pair := range [][2]flow.Port{{c.a, c.b}, {c.b, c.a}} {
				got, ok := pair[0].Overlap(pair[1])
				if got != c.want || ok != (c.want != none) {
					t.Errorf("%s and %s overlap in %s (%v), want %s", pair[0], pair[1], got, ok, c.want)
				}
			}
		})
	}
}
