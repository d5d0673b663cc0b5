package engine_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/flow"
)

const (
	fromDB  = "fromEndpoints: [{matchLabels: {app: db}}]"
	fromAPI = "fromEndpoints: [{matchLabels: {tier: api}}]"
	toDB    = "toEndpoints: [{matchLabels: {app: db}}]"
	onHTTP  = `toPorts: [{ports: [{port: "8080", protocol: TCP}]}]`
)

// onHTTPOnly allows some requests on port 8080.
func onHTTPOnly(rules string) string {
	return `toPorts: [{ports: [{port: "8080", protocol: TCP}], rules: {http: [` + rules + `]}}]`
}

// ingress returns a policy for web with these rules, each of "peer, ports".
func ingress(name string, rules ...string) string {
	return cnp(name, "{endpointSelector: {matchLabels: {app: web}}, ingress: [{"+strings.Join(rules, "}, {")+"}]}")
}

func egress(name string, rules ...string) string {
	return cnp(name, "{endpointSelector: {matchLabels: {app: web}}, egress: [{"+strings.Join(rules, "}, {")+"}]}")
}

func TestHTTPRules(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"a method and a path must both match": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{method: GET, path: /v1/x}`)),
			flows: []string{"db -> web:8080 GET /v1/x = allowed by acme/http", "db -> web:8080 POST /v1/x = denied by acme/http",
				"db -> web:8080 GET /v2/x = denied by acme/http", "blue -> web:8080 GET /v1/x = denied"},
			notes: "acme/http allows only GET /v1/x",
		},
		"a flow without a request is allowed if any request is": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{method: GET, path: /v1/x}`)),
			flows:    []string{"db -> web:8080 = allowed by acme/http", "db -> web:8081 = denied"},
		},
		"an expression must match the whole path": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{path: /v1}`)),
			flows: []string{"db -> web:8080 GET /v1 = allowed by acme/http", "db -> web:8080 GET /v1/x = denied by acme/http",
				"db -> web:8080 GET /x/v1 = denied by acme/http", "db -> web:8080 GET /v1?q=1 = denied by acme/http"},
		},
		"alternatives must match the whole path": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{path: "/a|/b"}`)),
			flows: []string{"db -> web:8080 GET /a = allowed by acme/http", "db -> web:8080 GET /b = allowed by acme/http",
				"db -> web:8080 GET /ab = denied by acme/http", "db -> web:8080 GET /a/b = denied by acme/http"},
		},
		"a method is a case-sensitive expression": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{method: "GET|HEAD"}`)),
			flows: []string{"db -> web:8080 HEAD /any = allowed by acme/http", "db -> web:8080 get /any = denied by acme/http",
				"db -> web:8080 HEADS /any = denied by acme/http"},
		},
		"rules that one peer has alone are not those of another peer of the same rule": {
			// A list of three rules has memory for a fourth one.
			policies: all(ingress("a", "fromEndpoints: [{matchLabels: {app: db}}, {matchLabels: {tier: api}}], "+onHTTPOnly(`{path: /1}, {path: /2}, {path: /3}`)),
				ingress("b", fromDB+", "+onHTTPOnly(`{path: /db}`)), ingress("c", fromAPI+", "+onHTTPOnly(`{path: /api}`))),
			flows: []string{"db -> web:8080 GET /db = allowed by acme/a, acme/b", "db -> web:8080 GET /api = denied by acme/a, acme/b",
				"blue -> web:8080 GET /api = allowed by acme/a, acme/c", "blue -> web:8080 GET /db = denied by acme/a, acme/c"},
		},
		"rules of all policies are ORed": {
			policies: all(ingress("one", fromDB+", "+onHTTPOnly(`{method: GET, path: /a}, {method: PUT, path: /b}`)),
				ingress("two", fromDB+", "+onHTTPOnly(`{method: DELETE, path: /c}`))),
			flows: []string{"db -> web:8080 GET /a = allowed by acme/one, acme/two", "db -> web:8080 PUT /b = allowed by acme/one, acme/two",
				"db -> web:8080 DELETE /c = allowed by acme/one, acme/two", "db -> web:8080 GET /b = denied by acme/one, acme/two"},
		},
		"rules apply only to their peer": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{method: GET}`), fromAPI+", "+onHTTPOnly(`{method: PUT}`)),
			flows: []string{"db -> web:8080 GET / = allowed by acme/http", "db -> web:8080 PUT / = denied by acme/http",
				"blue -> web:8080 PUT / = allowed by acme/http", "blue -> web:8080 GET / = denied by acme/http"},
		},
		"an empty rule allows any request": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{}`)),
			flows:    []string{"db -> web:8080 GET /v1/x = allowed by acme/http"},
		},
		"an empty list of rules allows any request": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(``)),
			flows:    []string{"db -> web:8080 GET /v1/x = allowed by acme/http"},
		},
		"egress rules restrict requests": {
			policies: egress("http", toDB+", "+onHTTPOnly(`{method: GET, path: "/v1/.*"}`)),
			flows: []string{"web -> db:8080 GET /v1/x = allowed by acme/http", "web -> db:8080 GET /v2 = denied by acme/http",
				"web -> blue:8080 GET /v1/x = denied"},
		},
		"both sides must allow a request": {
			policies: all(egress("out", toDB+", "+onHTTPOnly(`{path: "/v1/.*"}`)),
				cnp("in", `{endpointSelector: {matchLabels: {app: db}}, ingress: [{`+onHTTPOnly(`{method: GET}`)+`}]}`)),
			flows: []string{"web -> db:8080 GET /v1/x = allowed by acme/out, acme/in", "web -> db:8080 PUT /v1/x = denied by acme/out, acme/in",
				"web -> db:8080 GET /v2 = denied by acme/out, acme/in"},
		},
		"rules apply to DNS names": {
			policies: all(cnp("llm", `{endpointSelector: {}, egress: [{toFQDNs: [{matchName: api.openai.com}], `+onHTTPOnly(`{method: POST}`)+`}]}`), proxiedDNS("dns", `{matchPattern: "*"}`)),
			flows:    []string{"web -> api.openai.com:8080 POST / = allowed by acme/llm", "web -> api.openai.com:8080 GET / = denied by acme/llm"},
		},
		"rules apply to named ports": {
			policies: ingress("http", fromDB+`, toPorts: [{ports: [{port: http, protocol: TCP}], rules: {http: [{method: GET}]}}]`),
			flows:    []string{"db -> web:8080 GET / = allowed by acme/http", "db -> web:8080 PUT / = denied by acme/http"},
		},
		"a host is an expression for the whole host, and a dot matches any character": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{host: api.example.com}, {host: "[a-z]+\\.example\\.org(:8080)?"}`)),
			flows: []string{"db -> web:8080 GET / host=api.example.com = allowed by acme/http", "db -> web:8080 GET / host=api-example.com = allowed by acme/http",
				"db -> web:8080 GET / host=api.example.com:8080 = denied by acme/http", "db -> web:8080 GET / host=an.api.example.com = denied by acme/http",
				"db -> web:8080 GET / host=a.example.org:8080 = allowed by acme/http", "db -> web:8080 GET / host=A.example.org = denied by acme/http"},
		},
		"all headers must be present, each with its value or any": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{headers: ["X-Key: 1", X-Any]}`)),
			flows: []string{"db -> web:8080 GET / x-key=1 X-ANY=2 = allowed by acme/http", "db -> web:8080 GET / X-Key=1 = denied by acme/http",
				"db -> web:8080 GET / X-Key=2 X-Any=2 = denied by acme/http", "db -> web:8080 GET / X-Any=1 = denied by acme/http", "db -> web:8080 GET / = denied by acme/http"},
			notes: "acme/http allows only any method of any path with X-Key: 1 and X-Any",
		},
		"the value of a header is not an expression": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{headers: ["X-Key: .*"]}`)),
			flows:    []string{"db -> web:8080 GET / X-Key=1 = denied by acme/http", "db -> web:8080 GET / X-Key=.* = allowed by acme/http"},
		},
		"a header is split at the first space": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{headers: ["X-Key 1"]}, {headers: ["X-Other:1"]}, {headers: ["X-None: "]}, {headers: ["X-Colons:: 1"]}`)),
			flows: []string{"db -> web:8080 GET / X-Key=1 = allowed by acme/http", "db -> web:8080 GET / X-Key=2 = denied by acme/http", "db -> web:8080 GET / X-Other=1 = denied by acme/http",
				"db -> web:8080 GET / X-None=7 = allowed by acme/http", "db -> web:8080 GET / X-Colons=1 = allowed by acme/http"},
		},
		"a header may be the host or a pseudo-header": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{headers: ["Host: a.example"]}, {headers: [":path: /x"]}, {method: PUT, headers: [host]}`)),
			flows: []string{"db -> web:8080 GET / host=a.example = allowed by acme/http", "db -> web:8080 GET / host=b.example = denied by acme/http",
				"db -> web:8080 GET /x host=b.example = allowed by acme/http", "db -> web:8080 PUT / = allowed by acme/http"},
		},
		"all fields of a rule must match": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{method: GET, path: /x, host: a.example, headers: ["K: 1"]}`)),
			flows: []string{"db -> web:8080 GET /x host=a.example K=1 = allowed by acme/http", "db -> web:8080 PUT /x host=a.example K=1 = denied by acme/http",
				"db -> web:8080 GET / host=a.example K=1 = denied by acme/http", "db -> web:8080 GET /x host=b.example K=1 = denied by acme/http",
				"db -> web:8080 GET /x host=a.example K=2 = denied by acme/http", "db -> web:8080 GET / = denied by acme/http"},
		},
		"a deny takes precedence over rules": {
			policies: all(ingress("http", fromDB+", "+onHTTPOnly(`{method: GET}`)), cnp("shut", "{endpointSelector: {}, ingressDeny: [{"+fromDB+"}]}")),
			flows:    []string{"db -> web:8080 GET / = denied by acme/shut"},
		},
	})
}

// TestHTTPRulesWithOtherAllows checks which other allows shadow HTTP rules.
func TestHTTPRulesWithOtherAllows(t *testing.T) {
	rules := ingress("http", fromDB+", "+onHTTPOnly(`{method: GET}`))
	shadowed := []string{"db -> web:8080 PUT / = allowed by acme/http, acme/plain"}
	shadowedByRange := []string{"db -> web:8080 PUT / = allowed by acme/http"}
	runScenarios(t, map[string]scenario{
		"an L4-only allow for the same peer shadows them": {
			policies: all(rules, ingress("plain", fromDB+", "+onHTTP)), flows: shadowed, shadowedBy: "acme/plain",
		},
		"an L4-only allow for a wider peer shadows them": {
			policies: all(rules, ingress("plain", "fromEndpoints: [{}], "+onHTTP)), flows: shadowedByRange, shadowedBy: "acme/plain",
		},
		"an L4-only allow for every peer shadows them": {
			policies: all(rules, ingress("plain", onHTTP)), flows: shadowedByRange, shadowedBy: "acme/plain",
		},
		"an allow of a port range shadows them": {
			policies: all(rules, ingress("plain", fromDB+`, toPorts: [{ports: [{port: "8000", endPort: 9000, protocol: TCP}]}]`)), flows: shadowedByRange, shadowedBy: "acme/plain",
		},
		"an allow without ports shadows them": {
			policies: all(rules, ingress("plain", fromDB)), flows: shadowedByRange, shadowedBy: "acme/plain",
		},
		"an allow of the named port shadows them": {
			policies: all(rules, ingress("plain", fromDB+`, toPorts: [{ports: [{port: http, protocol: TCP}]}]`)), flows: shadowedByRange, shadowedBy: "acme/plain",
		},
		"a NetworkPolicy shadows them": {
			policies: all(rules, netpol("plain", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}")), flows: shadowedByRange, shadowedBy: "acme/plain",
		},
		"a cluster-wide policy shadows them": {
			policies: all(rules, ccnp("plain", "{endpointSelector: {}, ingress: [{fromEntities: [cluster]}]}")), flows: shadowedByRange, shadowedBy: "plain",
		},
		"another rule of the same policy shadows them": {
			policies: ingress("http", fromDB+", "+onHTTPOnly(`{method: GET}`), fromDB), flows: shadowedByRange, shadowedBy: "acme/http",
		},
		"an allow for another peer does not shadow them": {
			policies: all(rules, ingress("plain", fromAPI)),
			flows:    []string{"db -> web:8080 PUT / = denied by acme/http", "blue -> web:8080 PUT / = allowed by acme/plain"},
		},
		"an allow of another port does not shadow them": {
			policies: all(rules, ingress("plain", fromDB+`, toPorts: [{ports: [{port: "8081", protocol: TCP}]}]`)),
			flows:    []string{"db -> web:8080 PUT / = denied by acme/http"},
		},
		"an allow of another protocol does not shadow them": {
			policies: all(rules, ingress("plain", fromDB+`, toPorts: [{ports: [{port: "8080", protocol: UDP}]}]`)),
			flows:    []string{"db -> web:8080 PUT / = denied by acme/http"},
		},
		"an allow of a range below the port does not shadow them": {
			policies: all(rules, ingress("plain", fromDB+`, toPorts: [{ports: [{port: "8000", endPort: 8079, protocol: TCP}]}]`)),
			flows:    []string{"db -> web:8080 PUT / = denied by acme/http"},
		},
		"an allow in the other direction does not shadow them": {
			policies: all(rules, cnp("plain", "{endpointSelector: {}, egress: [{toEntities: [all]}]}")),
			flows:    []string{"db -> web:8080 PUT / = denied by acme/plain, acme/http"},
		},
		"HTTP rules for a wider peer are ORed": {
			policies: all(rules, ingress("plain", "fromEntities: [cluster], "+onHTTPOnly(`{method: PUT}`))),
			flows:    []string{"db -> web:8080 PUT / = allowed by acme/plain", "db -> web:8080 DELETE / = denied by acme/plain"},
		},
		"enableDefaultDeny: false without default-deny allows everything": {
			policies: cnp("http", `{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{`+fromDB+", "+onHTTPOnly(`{method: GET}`)+`}]}`),
			flows:    []string{"db -> web:8080 PUT / = allowed by acme/http", "blue -> web:8080 PUT / = allowed"},
		},
		"enableDefaultDeny: false with default-deny restricts": {
			policies: all(cnp("deny", denyIngress), cnp("http", `{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{`+fromDB+", "+onHTTPOnly(`{method: GET}`)+`}]}`)),
			flows:    []string{"db -> web:8080 PUT / = denied by acme/http", "db -> web:8080 GET / = allowed by acme/http", "blue -> web:8080 GET / = denied"},
		},
		"traffic from the pod's own node is not restricted": {
			policies: ingress("http", onHTTPOnly(`{method: GET}`)),
			flows:    []string{"@host -> web:8080 PUT / = allowed by acme/http", "@remote-node -> web:8080 PUT / = denied by acme/http"},
		},
	})
}

func TestDNSLookups(t *testing.T) {
	const one = `{matchName: api.example.com}, {matchPattern: "*.cdn.example"}`
	toDNS := `toEndpoints: [` + kubeDNS + `], `
	runScenarios(t, map[string]scenario{
		"DNS rules restrict the names": {
			policies: proxiedDNS("dns", one),
			flows: []string{"web -> dns:53/UDP asks api.example.com = allowed by acme/dns", "web -> dns:53/TCP asks API.example.com. = allowed by acme/dns",
				"web -> dns:53/UDP asks a.cdn.example = allowed by acme/dns", "web -> dns:53/UDP asks cdn.example = denied by acme/dns",
				"web -> dns:53/UDP asks evil.example = denied by acme/dns", "web -> dns:53/UDP = allowed by acme/dns"},
			notes: "acme/dns allows only DNS for *.cdn.example, api.example.com",
		},
		"pattern * allows any name": {
			policies: proxiedDNS("dns", `{matchPattern: "*"}`),
			flows:    []string{"web -> dns:53/UDP asks a.b.c = allowed by acme/dns"},
		},
		"without DNS rules any name is allowed": {
			policies: egress("dns", toDNS+`toPorts: [{ports: [{port: "53", protocol: UDP}]}]`),
			flows:    []string{"web -> dns:53/UDP asks a.b.c = allowed by acme/dns", "web -> dns:53/TCP asks a.b.c = denied"},
		},
		"an allow of the exact port without rules allows any name": {
			policies: all(proxiedDNS("dns", one), egress("plain", toDNS+`toPorts: [{ports: [{port: "53", protocol: UDP}]}]`)),
			flows:    []string{"web -> dns:53/UDP asks evil.example = allowed by acme/dns, acme/plain", "web -> dns:53/TCP asks evil.example = denied by acme/dns"},
		},
		"an allow without ports keeps the restriction": {
			policies: all(proxiedDNS("dns", one), egress("plain", `toEndpoints: [`+kubeDNS+`]`)),
			flows:    []string{"web -> dns:53/UDP asks evil.example = denied by acme/dns", "web -> dns:54/UDP asks evil.example = allowed by acme/plain"},
		},
		"an allow of a port range keeps the restriction": {
			policies: all(proxiedDNS("dns", one), egress("plain", toDNS+`toPorts: [{ports: [{port: "50", endPort: 60, protocol: UDP}]}]`)),
			flows:    []string{"web -> dns:53/UDP asks evil.example = denied by acme/dns"},
		},
		"an allow for another selector keeps the restriction": {
			policies: all(proxiedDNS("dns", one), egress("plain", `toEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}]}]`)),
			flows:    []string{"web -> dns:53/UDP asks evil.example = denied by acme/dns", "web -> db:53/UDP asks evil.example = allowed by acme/plain"},
		},
		"a named port is that of the server": {
			policies: egress("dns", toDNS+`toPorts: [{ports: [{port: dns, protocol: UDP}], rules: {dns: [{matchName: api.example.com}]}}]`),
			flows:    []string{"web -> dns:53/UDP asks api.example.com = allowed by acme/dns", "web -> dns:53/UDP asks evil.example = denied by acme/dns"},
		},
		"ingress of the server allows any name": {
			policies: "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: kube-system, name: in}\nspec: {endpointSelector: {}, ingress: [{fromEntities: [cluster], " +
				`toPorts: [{ports: [{port: "53", protocol: UDP}]}]}]}`,
			flows: []string{"web -> dns:53/UDP asks a.b.c = allowed by kube-system/in", "@world -> dns:53/UDP asks a.b.c = denied"},
		},
	})
}

// TestRulesThatAreNotInspected checks that a request that depends on such a rule is an error.
func TestRulesThatAreNotInspected(t *testing.T) {
	const header, own = "an HTTP rule with headerMatches", "a custom listener"
	const matched = `{headerMatches: [{name: X-Key, value: "1"}]}`
	byMatch := egress("h", toDB+", "+onHTTPOnly(matched+`, {method: GET}`))
	listener := toDB + `, toPorts: [{ports: [{port: "8080", protocol: TCP}], listener: {envoyConfig: {kind: CiliumEnvoyConfig, name: mine}, name: one}}]`
	for desc, c := range map[string]struct {
		policies, flow, l7 string
		undecided          bool
	}{
		"headerMatches alone":                              {egress("h", toDB+", "+onHTTPOnly(matched)), "GET /", header, true},
		"headerMatches and a rule that allows the request": {byMatch, "GET /", "GET any path, " + header, false},
		"headerMatches and a rule that denies the request": {byMatch, "PUT /", "GET any path, " + header, true},
		"headerMatches and a flow without a request":       {byMatch, "", "GET any path, " + header, false},
		"a listener alone":                                 {egress("h", listener), "GET /", own, true},
		"a listener and an L4-only allow":                  {all(egress("h", listener), egress("plain", toDB)), "GET /", own, true},
		"HTTP rules and a DNS query":                       {egress("h", toDB+", "+onHTTPOnly(`{method: GET}`)), "asks api.example.com", "GET any path", false},
		"two rules with headerMatches":                     {all(egress("a", toDB+", "+onHTTPOnly(matched)), egress("b", "toEndpoints: [{}], "+onHTTPOnly(matched))), "GET /", header, true},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			e := build(t, c.policies)
			f := parseFlow(t, strings.TrimSpace("web -> db:8080 "+c.flow))
			_, err := e.Decide(f)
			if gotError := err != nil && strings.Contains(err.Error(), "is not evaluated"); gotError != c.undecided || err != nil && !gotError {
				t.Errorf("got %v, want an error: %t", err, c.undecided)
			}
			f.HTTP, f.DNS = nil, ""
			v, err := e.Decide(f)
			if err != nil || v.Decision() != flow.Allowed || v.Egress.L7.String() != c.l7 {
				t.Errorf("without a request: got %+v, %v, want %q", v.Egress, err, c.l7)
			}
		})
	}
}

// TestRequestsWithoutAHost checks that a request without a host is an error if its rule has one.
func TestRequestsWithoutAHost(t *testing.T) {
	e := build(t, ingress("http", fromDB+", "+onHTTPOnly(`{method: GET, host: a.example}, {method: PUT}`)))
	for one, want := range map[string]string{
		"db -> web:8080 GET /": "", "db -> web:8080 PUT /": "allowed by acme/http", "db -> web:8080 POST /": "denied by acme/http",
	} {
		v, err := e.Decide(parseFlow(t, one))
		if gotError := err != nil && strings.Contains(err.Error(), "set http.host"); gotError != (want == "") || err == nil && verdict(v) != want {
			t.Errorf("%s: got %s, %v, want %q", one, verdict(v), err, want)
		}
	}
}
