package engine

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/policy"
)

func TestCommonRules(t *testing.T) {
	t.Parallel()
	dns := func(names ...string) policy.L7 { return policy.L7{DNS: names} }
	get, post := policy.HTTPRule{Method: "GET"}, policy.HTTPRule{Method: "POST"}
	for desc, c := range map[string]struct{ a, b, want policy.L7 }{
		"unrestricted and some names share these names": {policy.L7{}, dns("a"), dns("a")},
		"some names and unrestricted share these names": {dns("a"), policy.L7{}, dns("a")},
		"names in both are shared":                      {dns("a", "b"), dns("b", "c"), dns("b")},
		"requests in both are shared":                   {policy.L7{HTTP: []policy.HTTPRule{get, post}}, policy.L7{HTTP: []policy.HTTPRule{post}}, policy.L7{HTTP: []policy.HTTPRule{post}}},
		"no shared rule is unknown":                     {dns("a"), dns("b"), policy.L7{Other: "a different rule in each of its cases"}},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := common(c.a, c.b); !got.Equal(c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
