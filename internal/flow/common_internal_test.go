package flow

import (
	"testing"
)

func TestCommonRules(t *testing.T) {
	t.Parallel()
	get, post := HTTPRule{Method: "GET"}, HTTPRule{Method: "POST"}
	for desc, c := range map[string]struct{ a, b, want L7 }{
		"unrestricted and some names share these names": {L7{}, DNSFor("a"), DNSFor("a")},
		"some names and unrestricted share these names": {DNSFor("a"), L7{}, DNSFor("a")},
		"names in both are shared":                      {DNSFor("a", "b"), DNSFor("b", "c"), DNSFor("b")},
		"requests in both are shared":                   {HTTPOf(get, post), HTTPOf(post), HTTPOf(post)},
		"no shared rule is unknown":                     {DNSFor("a"), DNSFor("b"), L7{Alternatives: []Alternative{{Other: "a different rule in each of its cases"}}}},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := sharedL7(c.a, c.b); !got.Equal(c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
