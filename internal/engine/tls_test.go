package engine_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/flow"
)

// inTLS returns toPorts with TLS fields for port 8080.
func inTLS(fields string) string {
	return `toPorts: [{ports: [{port: "8080", protocol: TCP}], ` + fields + `}]`
}

// secrets are the fields for TLS termination.
const secrets = "terminatingTLS: {secret: {namespace: acme, name: us}}, originatingTLS: {secret: {namespace: acme, name: them}}"

func TestTLS(t *testing.T) {
	t.Parallel()
	sni := egress("sni", toDB+", "+inTLS("serverNames: [api.example.com]"))
	runScenarios(t, map[string]scenario{
		"a connection must be for one of the names": {
			policies: egress("sni", toDB+", "+inTLS("serverNames: [api.example.com, other.example.com]")),
			flows: []string{"web -> db:8080 TLS api.example.com = allowed by acme/sni", "web -> db:8080 TLS OTHER.example.com = allowed by acme/sni",
				"web -> db:8080 TLS evil.example.com = denied by acme/sni", "web -> db:8080 = allowed by acme/sni", "web -> db:8081 TLS api.example.com = denied"},
			notes: "acme/sni allows only TLS to api.example.com, other.example.com",
		},
		"one star matches part of a label, two stars match several labels": {
			policies: egress("sni", toDB+", "+inTLS(`serverNames: ["*.one.example", "**.more.example", "***.most.example", "a**.b.example"]`)),
			flows: []string{"web -> db:8080 TLS a.one.example = allowed by acme/sni", "web -> db:8080 TLS a.b.one.example = denied by acme/sni", "web -> db:8080 TLS one.example = denied by acme/sni",
				"web -> db:8080 TLS a.b.more.example = allowed by acme/sni", "web -> db:8080 TLS more.example = denied by acme/sni", "web -> db:8080 TLS a.b.most.example = allowed by acme/sni",
				"web -> db:8080 TLS abc.b.example = allowed by acme/sni", "web -> db:8080 TLS a.c.b.example = denied by acme/sni"},
		},
		"the host of a request is the server name, and the request is not inspected": {
			policies: sni,
			flows:    []string{"web -> db:8080 PUT /any host=api.example.com:8080 = allowed by acme/sni", "web -> db:8080 GET / host=evil.example.com = denied by acme/sni"},
		},
		"ingress rules restrict server names": {
			policies: ingress("sni", fromDB+", "+inTLS("serverNames: [api.example.com]")),
			flows:    []string{"db -> web:8080 TLS api.example.com = allowed by acme/sni", "db -> web:8080 TLS evil.example.com = denied by acme/sni"},
		},
		"rules of other selectors are ORed": {
			policies: all(sni, egress("more", "toEndpoints: [{}], "+inTLS("serverNames: [more.example.com]"))),
			flows: []string{"web -> db:8080 TLS more.example.com = allowed by acme/more, acme/sni", "web -> db:8080 TLS api.example.com = allowed by acme/more, acme/sni", "web -> db:8080 TLS evil.example.com = denied by acme/more, acme/sni",
				"web -> blue:8080 TLS api.example.com = denied by acme/more"},
		},
		"an allow of all ports shadows them": {
			policies: all(sni, egress("plain", toDB)),
			flows:    []string{"web -> db:8080 TLS evil.example.com = allowed by acme/sni"}, shadowedBy: "acme/plain",
		},
		"an allow for a wider peer shadows them": {
			policies: all(sni, egress("plain", "toEndpoints: [{}], "+onHTTP)),
			flows:    []string{"web -> db:8080 TLS evil.example.com = allowed by acme/sni"}, shadowedBy: "acme/plain",
		},
		"an allow of the same port for the same peer is restricted too": {
			policies: all(sni, egress("plain", toDB+", "+onHTTP)),
			flows:    []string{"web -> db:8080 TLS evil.example.com = denied by acme/plain, acme/sni", "web -> db:8080 TLS api.example.com = allowed by acme/plain, acme/sni"},
		},
		"without isolation everything is allowed": {
			policies: cnp("sni", "{endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{"+toDB+", "+inTLS("serverNames: [api.example.com]")+"}]}"),
			flows:    []string{"web -> db:8080 TLS evil.example.com = allowed by acme/sni"},
		},
		"with TLS termination requests are inspected": {
			policies: egress("open", toDB+", "+inTLS(secrets+", rules: {http: [{method: GET, host: api.example.com}]}")),
			flows:    []string{"web -> db:8080 GET / host=api.example.com = allowed by acme/open", "web -> db:8080 PUT / host=api.example.com = denied by acme/open"},
		},
		"with TLS termination the server name is checked": {
			policies: egress("open", toDB+", "+inTLS(secrets+", serverNames: [api.example.com], rules: {http: [{method: GET}]}")),
			flows: []string{"web -> db:8080 GET / host=api.example.com = allowed by acme/open", "web -> db:8080 PUT / host=api.example.com = denied by acme/open",
				"web -> db:8080 GET / host=evil.example.com = denied by acme/open", "web -> db:8080 TLS api.example.com = allowed by acme/open", "web -> db:8080 TLS evil.example.com = denied by acme/open"},
			notes: "acme/open allows only GET any path in TLS to api.example.com",
		},
		"TLS termination alone allows every request": {
			policies: egress("open", toDB+", "+inTLS(secrets)),
			flows:    []string{"web -> db:8080 PUT / = allowed by acme/open", "web -> db:8080 TLS evil.example.com = allowed by acme/open"},
		},
		"with TLS termination an L4-only allow shadows the rules": {
			policies: all(egress("open", toDB+", "+inTLS(secrets+", rules: {http: [{method: GET}]}")), egress("plain", toDB+", "+onHTTP)),
			flows:    []string{"web -> db:8080 PUT / = allowed by acme/open, acme/plain"}, shadowedBy: "acme/plain",
		},
	})
}

// TestConnectionsWithoutServerName checks that a flow without a server name is an error if its rule has one.
func TestConnectionsWithoutServerName(t *testing.T) {
	t.Parallel()
	e := build(t, all(egress("sni", toDB+", "+inTLS("serverNames: [api.example.com]")), egress("open", toDB+`, toPorts: [{ports: [{port: "8081", protocol: TCP}], serverNames: [api.example.com], `+secrets+`, rules: {http: [{method: GET}]}}]`)))
	for f, want := range map[string]string{
		"web -> db:8080 GET /": "", "web -> db:8081 GET /": "", "web -> db:8081 PUT /": "denied by acme/open",
	} {
		v, err := e.Decide(parseFlow(t, f))
		if gotError := err != nil && strings.Contains(err.Error(), "set http.host or serverName"); gotError != (want == "") || err == nil && verdict(v) != want {
			t.Errorf("%s: got %s, %v, want %q", f, verdict(v), err, want)
		}
	}
}

// TestOpeningsOfTLS checks that openings include TLS server names.
func TestOpeningsOfTLS(t *testing.T) {
	t.Parallel()
	e := build(t, egress("sni", toDB+", "+inTLS("serverNames: [b.example, a.example]")))
	openings, err := e.Openings(pods["web"], flow.Egress)
	if err != nil || len(openings) != 1 || openings[0].L7.String() != "TLS to a.example, b.example" {
		t.Errorf("got %+v, %v", openings, err)
	}
}
