package engine_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/policy"
)

func TestPorts(t *testing.T) {
	play(t, map[string]scene{
		"a port is of one protocol": {
			policies: cnp("p", `{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "53", protocol: UDP}]}]}]}`),
			flows:    []string{"db -> web:53/UDP = allowed by acme/p", "db -> web:53/TCP = denied", "db -> web:53/SCTP = denied", "db -> web:54/UDP = denied"},
		},
		"without a protocol it is of every one": {
			policies: cnp("p", `{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "53"}]}]}]}`),
			flows:    []string{"db -> web:53/UDP = allowed by acme/p", "db -> web:53/TCP = allowed by acme/p", "db -> web:53/SCTP = allowed by acme/p"},
		},
		"a range has its ends in it": {
			policies: cnp("p", `{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8000", endPort: 8100, protocol: TCP}]}]}]}`),
			flows: []string{"db -> web:7999 = denied", "db -> web:8000 = allowed by acme/p", "db -> web:8050 = allowed by acme/p",
				"db -> web:8100 = allowed by acme/p", "db -> web:8101 = denied"},
		},
		"endPort below port is the one port": {
			policies: cnp("p", `{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "8000", endPort: 7000, protocol: TCP}]}]}]}`),
			flows:    []string{"db -> web:8000 = allowed by acme/p", "db -> web:7500 = denied"},
		},
		"a named port of ingress is what each pod says it is": {
			policies: cnp("p", `{endpointSelector: {matchLabels: {tier: api}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`),
			flows: []string{"web -> blue:8081 = allowed by acme/p", "web -> blue:9091 = denied",
				"web -> green:9091 = allowed by acme/p", "web -> green:8081 = denied"},
		},
		"a named port of egress is what the destination says it is": {
			policies: cnp("p", `{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: [{matchLabels: {tier: api}}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`),
			flows: []string{"web -> blue:8081 = allowed by acme/p", "web -> blue:9091 = denied",
				"web -> green:9091 = allowed by acme/p", "web -> green:8081 = denied"},
		},
		"a name that the pod does not have is no port": {
			policies: cnp("p", `{endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`),
			flows:    []string{"web -> db:5432 = denied", "web -> db:8081 = denied"},
		},
		"a NetworkPolicy knows names too": {
			policies: netpol("p", `{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: sql}]}]}`),
			flows:    []string{"web -> db:5432 = allowed by acme/p", "web -> db:5433 = denied"},
		},
	})
}

// Facts that only appear when an identity has two meanings of a name.
func TestTwoPodsOfOneIdentityWithTwoMeaningsOfAPortName(t *testing.T) {
	t.Parallel()
	one := pod("acme", "twin", policy.NamedPort{Name: "api", Port: 8081})
	two := pod("acme", "twin", policy.NamedPort{Name: "api", Port: 9091})
	docs := documents(t, all(
		cnp("in", `{endpointSelector: {matchLabels: {app: twin}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`),
		cnp("out", `{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`)))
	e, err := engine.New(engine.Options{}, docs, []policy.Endpoint{one, two})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		to              policy.Endpoint
		port            uint16
		egress, ingress policy.Decision
	}{
		{one, 8081, policy.Denied, policy.Allowed},
		{one, 9091, policy.Denied, policy.Denied},
		{two, 9091, policy.Denied, policy.Allowed},
		{two, 8081, policy.Denied, policy.Denied},
	} {
		v, err := e.Decide(policy.Flow{From: pods["web"], To: c.to, Port: c.port})
		if err != nil {
			t.Fatal(err)
		}
		if v.Egress.Decision != c.egress || v.Ingress.Decision != c.ingress {
			t.Errorf("to %v:%d: got egress %s, ingress %s; want %s, %s", c.to.Ports, c.port, v.Egress.Decision, v.Ingress.Decision, c.egress, c.ingress)
		}
	}
}

// A pod that nobody announced must be judged as if it had been.
func TestUnannouncedEndpointsAreJudgedAsAnnouncedOnes(t *testing.T) {
	t.Parallel()
	docs := documents(t, cnp("out", `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {tier: api}}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`))
	e, err := engine.New(engine.Options{}, docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, line := range []string{"web -> blue:8081 = allowed by acme/out", "web -> db:5432 = denied", "web -> green:9091 = allowed by acme/out", "web -> 192.0.2.1:443 = denied"} {
			flow, want, _ := strings.Cut(line, " = ")
			v, err := e.Decide(parseFlow(t, flow))
			if err != nil {
				t.Fatal(err)
			}
			if got := verdict(v); got != want {
				t.Errorf("%s: got %s, want %s", flow, got, want)
			}
		}
	}
}

func TestPortsLearnedLateCount(t *testing.T) {
	t.Parallel()
	docs := documents(t, cnp("out", `{endpointSelector: {}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: sql, protocol: TCP}]}]}]}`))
	e, err := engine.New(engine.Options{}, docs, []policy.Endpoint{pods["web"], pod("acme", "db")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		to   policy.Endpoint
		want policy.Decision
	}{{pod("acme", "db"), policy.Denied}, {pods["db"], policy.Allowed}} {
		v, err := e.Decide(policy.Flow{From: pods["web"], To: c.to, Port: 5432})
		if err != nil || v.Decision() != c.want {
			t.Errorf("to %v: got %v, %v, want %s", c.to.Ports, v, err, c.want)
		}
	}
}
