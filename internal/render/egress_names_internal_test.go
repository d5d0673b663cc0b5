package render

import (
	"regexp"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

func TestExpression(t *testing.T) {
	t.Parallel()
	for pattern, c := range map[string]struct{ matching, other string }{
		"*.x.com":         {"a.x.com b-c_d.x.com", "x.com a.b.x.com axx.com a.x.com.evil.example evil-a.x.comm"},
		"**.x.com":        {"a.x.com a.b.x.com", "x.com .x.com aax.com a..x.com"},
		"cdn-*.x.com":     {"cdn-1.x.com cdn-.x.com", "cdn.x.com a.cdn-1.x.com cdn-1.a.x.com"},
		"a.*.x.com":       {"a.b.x.com", "a.x.com a.b.c.x.com"},
		"**.cdn*.x.com":   {"a.cdn1.x.com a.b.cdn.x.com", "cdn1.x.com a.cdn.y.com"},
		"api.*.eu.x-y.io": {"api.1.eu.x-y.io", "api.1.eu.x_y.io api.1.eu.xy.io"},
	} {
		e, err := regexp.Compile(expression(pattern))
		if err != nil {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range strings.Fields(c.matching) {
			if !e.MatchString(name) {
				t.Errorf("%s must match %s: %s", pattern, name, e)
			}
		}
		for _, name := range strings.Fields(c.other) {
			if e.MatchString(name) {
				t.Errorf("%s must not match %s: %s", pattern, name, e)
			}
		}
		// Squid reads a value up to the next blank literally, except for these characters.
		if strings.ContainsAny(e.String(), " \t\"'#%") {
			t.Errorf("%s is not valid in a configuration", e)
		}
	}
}

func TestSquidConfig(t *testing.T) {
	t.Parallel()
	port := func(from, to int32) flow.Port { return flow.Port{Port: from, End: to, Protocol: v1alpha1.TCP} }
	got := squid("platform", &policy.EgressProxy{
		Port: 3128, ClusterCIDRs: []string{"10.244.0.0/16", "127.0.0.0/8"},
		Allowed: []policy.AllowedNames{
			{Tenant: "acme", Names: []string{"B.example.", "*.c.example"}, Ports: []flow.Port{port(8000, 8010), port(443, 0)}},
			{Tenant: "beta", Names: []string{"a.example"}, Ports: []flow.Port{port(443, 0)}},
			{Tenant: "gamma", Names: []string{"a.example"}, Ports: []flow.Port{port(443, 0)}},
		},
	})
	want := `http_port 3128
cache deny all
# Whatever a name resolves to, nothing leads into the cluster or to the proxy's own node.
acl inside dst 10.244.0.0/16 127.0.0.0/8
acl ports0 port 443
acl names0 dstdomain -n a.example
http_access allow ports0 names0 !inside
acl ports1 port 443 8000-8010
acl names1 dstdomain -n b.example
http_access allow ports1 names1 !inside
acl patterns1 dstdom_regex -n -i ^[-a-z0-9_]*\.c\.example$
http_access allow ports1 patterns1 !inside
http_access deny all
`
	if _, got, _ = strings.Cut(got, "\n"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
