package reach

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/flow"
)

// A declaration must allow everything that a rule does, or the rule allows more.
func TestIncludes(t *testing.T) {
	t.Parallel()
	rule := func(host string, headers ...string) flow.HTTPRule {
		return flow.HTTPRule{Method: "GET", Path: "/v1", Host: host, Headers: headers}
	}
	for desc, c := range map[string]struct {
		expected, rule flow.HTTPRule
		want           bool
	}{
		"any request covers one of a host":             {flow.HTTPRule{}, rule(`a\.example`), true},
		"a host does not cover every host":             {rule(`a\.example`), rule(""), false},
		"a host covers itself":                         {rule(`a\.example`), rule(`a\.example`), true},
		"an expression covers a plain host":            {rule(`[a-z]+\.example`), rule(`a\.example`), true},
		"an expression must match all of a plain host": {rule(`a\.example`), rule(`a\.example\.org`), false},
		"of two expressions nothing is known":          {rule(`[a-z]+\.example`), rule(`[a-b]\.example`), false},
		"a plain host does not cover an expression":    {rule(`a\.example`), rule(`a.example`), false},
		"nor one in which case does not count":         {rule(`a\.example`), rule(`(?i)a\.example`), false},
		"no headers cover some":                        {rule(""), rule("", "X-Key: 1"), true},
		"a header does not cover a request without":    {rule("", "X-Key: 1"), rule(""), false},
		"a header covers itself and further headers":   {rule("", "X-Key: 1"), rule("", "A: 1", "x-key: 1"), true},
		"a value does not cover another":               {rule("", "X-Key: 1"), rule("", "X-Key: 2"), false},
		"any value covers one":                         {rule("", "X-Key"), rule("", "X-Key: 2"), true},
		"a value does not cover any":                   {rule("", "X-Key: 2"), rule("", "X-Key"), false},
		"every declared header must be required":       {rule("", "X-Key", "X-Other"), rule("", "X-Key: 1"), false},
		"a path and method are compared too":           {flow.HTTPRule{Path: "/v2", Host: `a\.example`}, rule(`a\.example`), false},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := includes(c.expected, c.rule); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

// A declared rule is allowed only where what passes includes it, and the other way round.
func TestCovers(t *testing.T) {
	t.Parallel()
	names := func(n ...string) flow.L7 { return flow.L7{DNS: n} }
	servers := func(n ...string) flow.L7 { return flow.L7{ServerNames: n} }
	for desc, c := range map[string]struct {
		allowed, part flow.L7
		want          bool
	}{
		"a name includes itself":                        {names("a.example", "b.example"), names("b.example"), true},
		"a name does not include another":               {names("a.example"), names("b.example"), false},
		"a pattern includes a name":                     {names("*.example"), names("b.example"), true},
		"a name does not include a pattern":             {names("b.example"), names("*.example"), false},
		"names do not include everything":               {names("a.example"), flow.L7{}, false},
		"all names are all of DNS":                      {names("*"), flow.L7{}, true},
		"everything includes a name":                    {flow.L7{}, names("a.example"), true},
		"a server does not include another":             {servers("a.example"), servers("b.example"), false},
		"a server does not include everything":          {servers("a.example"), flow.L7{}, false},
		"what is not inspected does not include a rule": {flow.L7{Other: customListener}, names("a.example"), false},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := allows(c.allowed, c.part); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

const customListener = "a custom listener"
