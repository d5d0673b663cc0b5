package flow

import (
	"testing"
)

func TestCommonRules(t *testing.T) {
	t.Parallel()
	dns := func(names ...string) L7 { return L7{DNS: names} }
	get, post := HTTPRule{Method: "GET"}, HTTPRule{Method: "POST"}
	for desc, c := range map[string]struct{ a, b, want L7 }{
		"unrestricted and some names share these names": {L7{}, dns("a"), dns("a")},
		"some names and unrestricted share these names": {dns("a"), L7{}, dns("a")},
		"names in both are shared":                      {dns("a", "b"), dns("b", "c"), dns("b")},
		"requests in both are shared":                   {L7{HTTP: []HTTPRule{get, post}}, L7{HTTP: []HTTPRule{post}}, L7{HTTP: []HTTPRule{post}}},
		"no shared rule is unknown":                     {dns("a"), dns("b"), L7{Other: "a different rule in each of its cases"}},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := commonL7(c.a, c.b); !got.Equal(c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
