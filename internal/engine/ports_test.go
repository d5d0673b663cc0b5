package engine_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
)

func TestPorts(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"a port is allowed for its protocol only": {
			policies: cnp("p", `{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}]}]}]}`),
			flows:    []string{"db -> web:53/UDP = allowed by acme/p", "db -> web:53/TCP = denied", "db -> web:53/SCTP = denied", "db -> web:54/UDP = denied"},
		},
		"a port without a protocol is allowed for all protocols": {
			policies: cnp("p", `{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "53"}]}]}]}`),
			flows:    []string{"db -> web:53/UDP = allowed by acme/p", "db -> web:53/TCP = allowed by acme/p", "db -> web:53/SCTP = allowed by acme/p"},
		},
		"a range includes its first and last port": {
			policies: cnp("p", `{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8000", endPort: 8100, protocol: TCP}]}]}]}`),
			flows: []string{"db -> web:7999 = denied", "db -> web:8000 = allowed by acme/p", "db -> web:8050 = allowed by acme/p",
				"db -> web:8100 = allowed by acme/p", "db -> web:8101 = denied"},
		},
		"endPort below port is ignored": {
			policies: cnp("p", `{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8000", endPort: 7000, protocol: TCP}]}]}]}`),
			flows:    []string{"db -> web:8000 = allowed by acme/p", "db -> web:7500 = denied"},
		},
		"a named port of ingress is defined by the selected pod": {
			policies: cnp("p", `{endpointSelector: {matchLabels: {tier: api}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`),
			flows: []string{"web -> blue:8081 = allowed by acme/p", "web -> blue:9091 = denied",
				"web -> green:9091 = allowed by acme/p", "web -> green:8081 = denied"},
		},
		"a named port of egress is defined by the destination": {
			policies: cnp("p", `{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: [{matchLabels: {tier: api}}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`),
			flows: []string{"web -> blue:8081 = allowed by acme/p", "web -> blue:9091 = denied",
				"web -> green:9091 = allowed by acme/p", "web -> green:8081 = denied"},
		},
		"a port is that of the pod, not of a Service": {
			policies: cnp("p", `{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]}`),
			flows:    []string{"db -> web:8080 = denied", "db -> web:80 = allowed by acme/p"},
		},
		"a named port that the pod does not define matches nothing": {
			policies: cnp("p", `{endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`),
			flows:    []string{"web -> db:5432 = denied", "web -> db:8081 = denied"},
		},
		"a NetworkPolicy supports named ports": {
			policies: netpol("p", `{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: sql}]}]}`),
			flows:    []string{"web -> db:5432 = allowed by acme/p", "web -> db:5433 = denied"},
		},
	})
}

func TestEveryPort(t *testing.T) {
	const tcp = `{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "%s", endPort: %s, protocol: TCP}]}]}]}`
	runScenarios(t, map[string]scenario{
		"without isolation every port is allowed": {
			flows: []string{"db -> web:* = allowed", "web -> @world:* = allowed", "web -> evil.example:*/TCP = allowed"},
		},
		"default-deny denies every port": {
			policies: cnp("deny", denyIngress),
			flows:    []string{"db -> web:* = denied", "db -> web:*/UDP = denied"},
		},
		"a rule without ports allows every port": {
			policies: ingress("p", fromDB),
			flows:    []string{"db -> web:* = allowed by acme/p", "db -> web:*/SCTP = allowed by acme/p", "blue -> web:* = denied"},
		},
		"one allowed port depends": {
			policies: ingress("p", fromDB+", "+onHTTP),
			flows:    []string{"db -> web:*/TCP = depends by acme/p", "db -> web:* = depends by acme/p", "db -> web:*/UDP = denied"},
			notes:    "allowed on 8080/TCP, denied on 1-8079/TCP and on 8081-65535/TCP",
		},
		"one denied port depends": {
			policies: all(ingress("p", fromDB), cnp("ssh", `{endpointSelector: {}, ingressDeny: [{toPorts: [{ports: [{port: "22", protocol: TCP}]}]}]}`)),
			flows:    []string{"db -> web:* = depends by acme/p, acme/ssh", "db -> web:*/UDP = allowed by acme/p", "db -> web:22 = denied by acme/ssh"},
			notes:    "denied on 22/TCP",
		},
		"a range of all ports allows every port of its protocol": {
			policies: cnp("p", strings.NewReplacer("\"%s\"", "\"1\"", "%s", "65535").Replace(tcp)),
			flows:    []string{"db -> web:*/TCP = allowed by acme/p", "db -> web:* = depends by acme/p"},
		},
		"adjacent ranges allow every port": {
			policies: all(cnp("low", strings.NewReplacer("\"%s\"", "\"1\"", "%s", "1023").Replace(tcp)), cnp("high", strings.NewReplacer("\"%s\"", "\"1024\"", "%s", "65535").Replace(tcp))),
			flows:    []string{"db -> web:*/TCP = allowed by acme/high, acme/low"},
		},
		"port 0 allows every port": {
			policies: ingress("p", fromDB+`, toPorts: [{ports: [{port: "0", protocol: UDP}]}]`),
			flows:    []string{"db -> web:*/UDP = allowed by acme/p", "db -> web:*/TCP = denied"},
		},
		"a DNS name is tested on each port": {
			policies: all(toNames("llm", "{matchName: api.openai.com}"), proxiedDNS("dns", `{matchPattern: "*"}`)),
			flows:    []string{"web -> api.openai.com:*/TCP = depends by acme/llm", "web -> evil.example:* = denied"},
		},
	})
}

func TestICMP(t *testing.T) {
	echo := `icmps: [{fields: [{family: IPv4, type: EchoRequest}, {family: IPv6, type: EchoRequest}]}]`
	runScenarios(t, map[string]scenario{
		"an ICMP type is allowed by its name": {
			policies: ingress("ping", fromDB+", "+echo),
			flows: []string{"db -> web:ICMP/EchoRequest = allowed by acme/ping", "db -> web:ICMP/TimeExceeded = denied",
				"blue -> web:ICMP/EchoRequest = denied", "db -> web:8080 = denied"},
		},
		"a rule without ports allows ICMP": {
			policies: ingress("any", fromDB),
			flows:    []string{"db -> web:ICMP/DestinationUnreachable = allowed by acme/any"},
		},
		"a rule with ports denies ICMP": {
			policies: ingress("tcp", fromDB+", "+onHTTP),
			flows:    []string{"db -> web:ICMP/EchoRequest = denied"},
		},
		"one family depends": {
			policies: ingress("ping", fromDB+`, icmps: [{fields: [{family: IPv4, type: 8}]}]`),
			flows:    []string{"db -> web:ICMP/EchoRequest = depends by acme/ping"},
			notes:    "allowed on 8/ICMP, denied on 128/ICMPv6",
		},
		"a deny rule denies ICMP": {
			policies: all(ingress("any", fromDB), cnp("shut", "{endpointSelector: {}, ingressDeny: [{"+fromDB+", "+echo+"}]}")),
			flows:    []string{"db -> web:ICMP/EchoRequest = denied by acme/shut", "db -> web:8080 = allowed by acme/any"},
		},
		"a flow on every port excludes ICMP": {
			policies: ingress("ping", fromDB+", "+echo),
			flows:    []string{"db -> web:* = denied"},
		},
	})
}

// TestPortNameWithTwoNumbersInOneIdentity checks a named port with two numbers in one identity.
func TestPortNameWithTwoNumbersInOneIdentity(t *testing.T) {
	t.Parallel()
	one := pod("acme", "pair", endpoints.NamedPort{Name: "api", Port: 8081})
	two := pod("acme", "pair", endpoints.NamedPort{Name: "api", Port: 9091})
	docs := documents(t, all(
		cnp("in", `{endpointSelector: {matchLabels: {app: pair}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`),
		cnp("out", `{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`)))
	for _, c := range []struct {
		to                     endpoints.Endpoint
		port                   uint16
		before, since, ingress flow.Decision
	}{
		{one, 8081, flow.Denied, flow.Allowed, flow.Allowed},
		{one, 9091, flow.Denied, flow.Denied, flow.Denied},
		{two, 9091, flow.Denied, flow.Allowed, flow.Allowed},
		{two, 8081, flow.Denied, flow.Denied, flow.Denied},
	} {
		// Since 1.20 their ports are a label, and the two pods have different identities.
		for before, egress := range map[bool]flow.Decision{true: c.before, false: c.since} {
			e, err := newEngine(engine.Options{Agent: agentOf(before, 19)}, docs, []endpoints.Endpoint{one, two})
			if err != nil {
				t.Fatal(err)
			}
			v, err := e.Decide(flow.Flow{From: pods["web"], To: c.to, Port: c.port})
			if err != nil {
				t.Fatal(err)
			}
			if v.Egress.Decision != egress || v.Ingress.Decision != c.ingress {
				t.Errorf("before 1.20 %t: to %v:%d: got egress %s, ingress %s; want %s, %s", before, c.to.Ports, c.port, v.Egress.Decision, v.Ingress.Decision, egress, c.ingress)
			}
		}
	}
}

// TestUnknownEndpointsAreDecidedLikeKnownOnes checks an engine that knows no pods when it starts.
func TestUnknownEndpointsAreDecidedLikeKnownOnes(t *testing.T) {
	t.Parallel()
	docs := documents(t, cnp("out", `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {tier: api}}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`))
	e, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, line := range []string{"web -> blue:8081 = allowed by acme/out", "web -> db:5432 = denied", "web -> green:9091 = allowed by acme/out", "web -> 192.0.2.1:443 = denied"} {
			f, want, _ := strings.Cut(line, " = ")
			v, err := e.Decide(parseFlow(t, f))
			if err != nil {
				t.Fatal(err)
			}
			if got := verdict(v); got != want {
				t.Errorf("%s: got %s, want %s", f, got, want)
			}
		}
	}
}

func TestLatePortsAreResolved(t *testing.T) {
	t.Parallel()
	docs := documents(t, cnp("out", `{endpointSelector: {}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: sql, protocol: TCP}]}]}]}`))
	e, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, docs, []endpoints.Endpoint{pods["web"], pod("acme", "db")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		to   endpoints.Endpoint
		want flow.Decision
	}{{pod("acme", "db"), flow.Denied}, {pods["db"], flow.Allowed}} {
		v, err := e.Decide(flow.Flow{From: pods["web"], To: c.to, Port: 5432})
		if err != nil || v.Decision() != c.want {
			t.Errorf("to %v: got %v, %v, want %s", c.to.Ports, v, err, c.want)
		}
	}
}
