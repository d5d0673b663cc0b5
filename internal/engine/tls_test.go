package engine_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// inTLS says what of TLS passes on 8080.
func inTLS(what string) string {
	return `toPorts: [{ports: [{port: "8080", protocol: TCP}], ` + what + `}]`
}

// secrets open TLS up.
const secrets = "terminatingTLS: {secret: {namespace: acme, name: us}}, originatingTLS: {secret: {namespace: acme, name: them}}"

func TestTLS(t *testing.T) {
	t.Parallel()
	sni := egress("sni", toDB+", "+inTLS("serverNames: [api.example.com]"))
	runScenarios(t, map[string]scenario{
		"a connection must be for one of the names": {
			policies: egress("sni", toDB+", "+inTLS("serverNames: [api.example.com, other.example.com]")),
			flows: []string{"web -> db:8080 TLS api.example.com = allowed by acme/sni", "web -> db:8080 TLS OTHER.example.com = allowed by acme/sni",
				"web -> db:8080 TLS evil.example.com = denied by acme/sni", "web -> db:8080 = allowed by acme/sni", "web -> db:8081 TLS api.example.com = denied"},
			notes: "acme/sni lets only TLS to api.example.com, other.example.com pass",
		},
		"a star is any part of one label, two of more labels": {
			policies: egress("sni", toDB+", "+inTLS(`serverNames: ["*.one.example", "**.more.example", "***.most.example", "a**.b.example"]`)),
			flows: []string{"web -> db:8080 TLS a.one.example = allowed by acme/sni", "web -> db:8080 TLS a.b.one.example = denied by acme/sni", "web -> db:8080 TLS one.example = denied by acme/sni",
				"web -> db:8080 TLS a.b.more.example = allowed by acme/sni", "web -> db:8080 TLS more.example = denied by acme/sni", "web -> db:8080 TLS a.b.most.example = allowed by acme/sni",
				"web -> db:8080 TLS abc.b.example = allowed by acme/sni", "web -> db:8080 TLS a.c.b.example = denied by acme/sni"},
		},
		"a request's host is the name, and nothing looks into it": {
			policies: sni,
			flows:    []string{"web -> db:8080 PUT /any host=api.example.com:8080 = allowed by acme/sni", "web -> db:8080 GET / host=evil.example.com = denied by acme/sni"},
		},
		"ingress is restricted alike": {
			policies: ingress("sni", fromDB+", "+inTLS("serverNames: [api.example.com]")),
			flows:    []string{"db -> web:8080 TLS api.example.com = allowed by acme/sni", "db -> web:8080 TLS evil.example.com = denied by acme/sni"},
		},
		"rules of other selectors are ORed": {
			policies: all(sni, egress("more", "toEndpoints: [{}], "+inTLS("serverNames: [more.example.com]"))),
			flows: []string{"web -> db:8080 TLS more.example.com = allowed by acme/more, acme/sni", "web -> db:8080 TLS api.example.com = allowed by acme/more, acme/sni", "web -> db:8080 TLS evil.example.com = denied by acme/more, acme/sni",
				"web -> blue:8080 TLS api.example.com = denied by acme/more"},
		},
		"an allow of all ports makes them moot": {
			policies: all(sni, egress("plain", toDB)),
			flows:    []string{"web -> db:8080 TLS evil.example.com = allowed by acme/sni"}, shadowedBy: "acme/plain",
		},
		"so does one to a wider peer": {
			policies: all(sni, egress("plain", "toEndpoints: [{}], "+onHTTP)),
			flows:    []string{"web -> db:8080 TLS evil.example.com = allowed by acme/sni"}, shadowedBy: "acme/plain",
		},
		"one on the same port of the same peer is narrowed itself": {
			policies: all(sni, egress("plain", toDB+", "+onHTTP)),
			flows:    []string{"web -> db:8080 TLS evil.example.com = denied by acme/plain, acme/sni", "web -> db:8080 TLS api.example.com = allowed by acme/plain, acme/sni"},
		},
		"where nothing isolates everything passes": {
			policies: cnp("sni", "{endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{"+toDB+", "+inTLS("serverNames: [api.example.com]")+"}]}"),
			flows:    []string{"web -> db:8080 TLS evil.example.com = allowed by acme/sni"},
		},
		"behind interception requests are looked into": {
			policies: egress("open", toDB+", "+inTLS(secrets+", rules: {http: [{method: GET, host: api.example.com}]}")),
			flows:    []string{"web -> db:8080 GET / host=api.example.com = allowed by acme/open", "web -> db:8080 PUT / host=api.example.com = denied by acme/open"},
		},
		"and the name of the connection as well": {
			policies: egress("open", toDB+", "+inTLS(secrets+", serverNames: [api.example.com], rules: {http: [{method: GET}]}")),
			flows: []string{"web -> db:8080 GET / host=api.example.com = allowed by acme/open", "web -> db:8080 PUT / host=api.example.com = denied by acme/open",
				"web -> db:8080 GET / host=evil.example.com = denied by acme/open", "web -> db:8080 TLS api.example.com = allowed by acme/open", "web -> db:8080 TLS evil.example.com = denied by acme/open"},
			notes: "acme/open lets only GET any path in TLS to api.example.com pass",
		},
		"interception alone lets every request pass": {
			policies: egress("open", toDB+", "+inTLS(secrets)),
			flows:    []string{"web -> db:8080 PUT / = allowed by acme/open", "web -> db:8080 TLS evil.example.com = allowed by acme/open"},
		},
		"behind interception a plain allow makes the rules moot": {
			policies: all(egress("open", toDB+", "+inTLS(secrets+", rules: {http: [{method: GET}]}")), egress("plain", toDB+", "+onHTTP)),
			flows:    []string{"web -> db:8080 PUT / = allowed by acme/open, acme/plain"}, shadowedBy: "acme/plain",
		},
	})
}

// Where a rule hangs on the name of the server and none is said, nothing is guessed.
func TestConnectionsWithoutServerName(t *testing.T) {
	t.Parallel()
	e := build(t, all(egress("sni", toDB+", "+inTLS("serverNames: [api.example.com]")), egress("open", toDB+`, toPorts: [{ports: [{port: "8081", protocol: TCP}], serverNames: [api.example.com], `+secrets+`, rules: {http: [{method: GET}]}}]`)))
	for flow, want := range map[string]string{
		"web -> db:8080 GET /": "", "web -> db:8081 GET /": "", "web -> db:8081 PUT /": "denied by acme/open",
	} {
		v, err := e.Decide(parseFlow(t, flow))
		if gotError := err != nil && strings.Contains(err.Error(), "say http.host, or serverName"); gotError != (want == "") || err == nil && verdict(v) != want {
			t.Errorf("%s: got %s, %v, want %q", flow, verdict(v), err, want)
		}
	}
}

// What passes on TLS is told apart in openings too.
func TestOpeningsOfTLS(t *testing.T) {
	t.Parallel()
	e := build(t, egress("sni", toDB+", "+inTLS("serverNames: [b.example, a.example]")))
	openings, err := e.Openings(pods["web"], policy.Egress)
	if err != nil || len(openings) != 1 || openings[0].L7.String() != "TLS to a.example, b.example" {
		t.Errorf("got %+v, %v", openings, err)
	}
}
