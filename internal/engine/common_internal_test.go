package engine

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/flow"
)

func TestCommonRules(t *testing.T) {
	t.Parallel()
	dns := func(names ...string) flow.L7 { return flow.L7{DNS: names} }
	get, post := flow.HTTPRule{Method: "GET"}, flow.HTTPRule{Method: "POST"}
	for desc, c := range map[string]struct{ a, b, want flow.L7 }{
		"unrestricted and some names share these names": {flow.L7{}, dns("a"), dns("a")},
		"some names and unrestricted share these names": {dns("a"), flow.L7{}, dns("a")},
		"names in both are shared":                      {dns("a", "b"), dns("b", "c"), dns("b")},
		"requests in both are shared":                   {flow.L7{HTTP: []flow.HTTPRule{get, post}}, flow.L7{HTTP: []flow.HTTPRule{post}}, flow.L7{HTTP: []flow.HTTPRule{post}}},
		"no shared rule is unknown":                     {dns("a"), dns("b"), flow.L7{Other: "a different rule in each of its cases"}},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := common(c.a, c.b); !got.Equal(c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
