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
		"everything and some names are these names": {policy.L7{}, dns("a"), dns("a")},
		"some names and everything are these names": {dns("a"), policy.L7{}, dns("a")},
		"names in both":                {dns("a", "b"), dns("b", "c"), dns("b")},
		"requests in both":             {policy.L7{HTTP: []policy.HTTPRule{get, post}}, policy.L7{HTTP: []policy.HTTPRule{post}}, policy.L7{HTTP: []policy.HTTPRule{post}}},
		"nothing in common is unknown": {dns("a"), dns("b"), policy.L7{Other: "another rule in each of its cases"}},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := common(c.a, c.b); !got.Equal(c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
