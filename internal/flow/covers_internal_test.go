package flow

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/endpoints"
)

// A declaration must allow everything that a rule does, or the rule allows more.
func TestIncludes(t *testing.T) {
	t.Parallel()
	rule := func(host string, headers ...string) HTTPRule {
		return HTTPRule{Method: "GET", Path: "/v1", Host: host, Headers: headers}
	}
	for desc, c := range map[string]struct {
		expected, rule HTTPRule
		want           bool
	}{
		"any request covers one of a host":             {HTTPRule{}, rule(`a\.example`), true},
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
		"a path and method are compared too":           {HTTPRule{Path: "/v2", Host: `a\.example`}, rule(`a\.example`), false},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := c.expected.includes(c.rule); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestL7Covers(t *testing.T) {
	t.Parallel()
	get := HTTPRule{Method: "GET"}
	getAt := func(servers ...string) L7 { return L7{Alternatives: []Alternative{{HTTP: &get, Servers: servers}}} }
	for desc, c := range map[string]struct {
		allowed, part L7
		want          bool
	}{
		"a name includes itself":                          {DNSFor("a.example", "b.example"), DNSFor("b.example"), true},
		"a name does not include another":                 {DNSFor("a.example"), DNSFor("b.example"), false},
		"a pattern includes a name":                       {DNSFor("*.example"), DNSFor("b.example"), true},
		"a name does not include a pattern":               {DNSFor("b.example"), DNSFor("*.example"), false},
		"names do not include everything":                 {DNSFor("a.example"), L7{}, false},
		"everything includes a name":                      {L7{}, DNSFor("a.example"), true},
		"a server does not include another":               {TLSTo("a.example"), TLSTo("b.example"), false},
		"a server does not include everything":            {TLSTo("a.example"), L7{}, false},
		"a server's requests do not include another's":    {getAt("a.example"), getAt("b.example"), false},
		"a server's requests do not include any server's": {getAt("a.example"), getAt(), false},
		"a server's requests do not include all its TLS":  {getAt("a.example"), TLSTo("a.example"), false},
		"TLS to a server includes its requests":           {TLSTo("a.example"), getAt("a.example"), true},
		"requests include those of a server":              {getAt(), getAt("a.example"), true},
		"what is not inspected does not include a rule":   {L7{Alternatives: []Alternative{{Other: "a custom listener"}}}, DNSFor("a.example"), false},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := c.allowed.Covers(c.part); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

// Each rule of an opening is compared with the declared rules by itself.
func TestOpeningWithout(t *testing.T) {
	t.Parallel()
	opening := func(l7 L7) Opening {
		return Opening{Ports: tcp(53, 54), L7: l7, Policies: Policies{{Namespace: "acme", Name: "dns"}}}
	}
	for name, c := range map[string]struct {
		opening  Opening
		declared []Traffic
		want     []Opening
	}{
		"nothing is declared": {opening(L7{}), nil, []Opening{opening(L7{})}},
		"all is declared":     {opening(DNSFor("a.example")), []Traffic{{Ports: tcp(53, 54), L7: DNSFor("*.example")}}, nil},
		"one of two names is declared": {
			opening(DNSFor("a.example", "b.example")), []Traffic{{Ports: tcp(53, 54), L7: DNSFor("a.example")}}, []Opening{opening(DNSFor("b.example"))},
		},
		"on one of two ports": {
			opening(DNSFor("a.example")), []Traffic{{Ports: tcp(53, 53), L7: DNSFor("a.example")}},
			[]Opening{{Ports: tcp(54, 54), L7: DNSFor("a.example"), Policies: Policies{{Namespace: "acme", Name: "dns"}}}},
		},
		"L7 rules do not declare all traffic": {
			opening(L7{}), []Traffic{{Ports: tcp(53, 54), L7: DNSFor("a.example")}}, []Opening{opening(L7{})},
		},
	} {
		if got := c.opening.Without(c.declared); endpoints.JSONKey(got) != endpoints.JSONKey(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
