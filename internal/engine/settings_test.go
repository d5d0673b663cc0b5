package engine_test

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
)

// TestAgentSettings checks that each setting changes a decision.
func TestAgentSettings(t *testing.T) {
	t.Parallel()
	const host = `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: nodes}
spec: {nodeSelector: {}, ingress: [{fromEntities: [host]}]}`
	deny := cnp("deny", "{endpointSelector: {}, ingress: [{}], egress: [{}]}")
	for name, c := range map[string]struct {
		set      []string
		policies string
		flow     string
		// byDefault is the decision with default settings, and withSettings the one with set.
		byDefault, withSettings flow.Decision
	}{
		"enable-ipv6: with both families, no identity has the label world": {
			[]string{cilium.EnableIPv6, "true"}, cnp("p", `{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"reserved:world": ""}}]}]}`), "web -> 192.0.2.1:443", flow.Allowed, flow.Denied,
		},
		"enable-ipv6: an entity of one family requires both families": {
			[]string{cilium.EnableIPv6, "true"}, cnp("p", `{endpointSelector: {}, egress: [{toEntities: [world-ipv4]}]}`), "web -> 192.0.2.1:443", flow.Denied, flow.Allowed,
		},
		"enable-ipv4: IPv6 alone": {
			[]string{cilium.EnableIPv6, "true", cilium.EnableIPv4, "false"}, cnp("p", `{endpointSelector: {}, egress: [{toCIDR: ["0.0.0.0/0"]}]}`), "web -> @world:443", flow.Allowed, flow.Denied,
		},
		"enable-host-firewall": {[]string{cilium.EnableHostFirewall, "true"}, host, "@world -> NODE:22", flow.Allowed, flow.Denied},
		"enable-policy: always isolates pods that no policy selects": {
			[]string{cilium.EnablePolicy, "always"}, cnp("p", "{endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}"), "other -> web:8080", flow.Allowed, flow.Denied,
		},
		"enable-policy: never isolates no pod": {[]string{cilium.EnablePolicy, "never"}, deny, "@world -> web:8080", flow.Denied, flow.Allowed},
		"labels: other labels select nothing": {
			[]string{cilium.IdentityLabels, "k8s:io\\.kubernetes\\.pod\\.namespace k8s:tier"}, cnp("p", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]}"),
			"web -> db:5432", flow.Allowed, flow.Denied,
		},
		"policy-cidr-match-mode: networks match nodes": {
			[]string{cilium.CIDRMatchMode, "nodes"}, cnp("p", `{endpointSelector: {}, egress: [{toCIDR: ["192.0.2.0/24"]}]}`), "web -> @remote-node:443", flow.Denied, flow.Depends,
		},
		"allow-localhost": {
			[]string{cilium.AllowLocalhost, "policy"}, cnp("p", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}"), "@host -> web:8080", flow.Allowed, flow.Denied,
		},
		"enable-non-default-deny-policies: every allow isolates": {
			[]string{cilium.EnableNonDefaultDeny, "false"}, cnp("p", "{endpointSelector: {}, enableDefaultDeny: {ingress: false, egress: false}, ingress: [{fromEndpoints: [{}]}]}"),
			"other -> web:8080", flow.Allowed, flow.Denied,
		},
		"enable-k8s-networkpolicy": {
			[]string{cilium.EnableNetworkPolicy, "false"}, netpol("p", "{podSelector: {}, policyTypes: [Ingress]}"), "other -> web:8080", flow.Denied, flow.Allowed,
		},
		"enable-sctp": {
			[]string{cilium.EnableSCTP, "true"}, cnp("p", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}"), "web -> db:5432/SCTP", flow.Denied, flow.Allowed,
		},
		"mesh-auth-enabled alone does not authenticate": {
			[]string{cilium.MeshAuth, "true"}, cnp("p", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]}"), "web -> db:5432", flow.Denied, flow.Denied,
		},
		"mesh-auth-enabled and mesh-auth-mutual-enabled": {
			[]string{cilium.MeshAuth, "true", cilium.MeshAuthMutual, "true"}, cnp("p", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}], authentication: {mode: required}}]}"),
			"web -> db:5432", flow.Denied, flow.Allowed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agent := cilium.Agent{}
			for i := 0; i < len(c.set); i += 2 {
				agent = agent.With(c.set[i], c.set[i+1], "")
			}
			// Two engines with different settings do not affect each other.
			one, other := engineWith(t, cilium.Agent{}, c.policies), engineWith(t, agent, c.policies)
			for e, want := range map[*flowtest.Engine]flow.Decision{one: c.byDefault, other: c.withSettings} {
				f := parseFlow(t, strings.Replace(c.flow, "NODE", "@host", 1))
				if strings.Contains(c.flow, "NODE") {
					f.To = endpoints.Endpoint{Kind: endpoints.NodeEndpoint, Name: "node/worker", Labels: map[string]string{"role": "worker"}}
				}
				v, err := e.Decide(f)
				if err != nil {
					t.Fatal(err)
				}
				if v.Decision() != want {
					t.Errorf("%s: got %s, want %s (%s)", f, v.Decision(), want, v.Note)
				}
			}
		})
	}
}

func engineWith(t *testing.T, agent cilium.Agent, policies string) *flowtest.Engine {
	t.Helper()
	var all []endpoints.Endpoint
	for _, p := range pods {
		all = append(all, p)
	}
	e, err := newEngine(engine.Options{Agent: agent}, documents(t, policies), all)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPortNamesBefore120 checks that egress rules ignore named ports with two numbers.
func TestPortNamesBefore120(t *testing.T) {
	t.Parallel()
	byName := cnp("p", `{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`)
	for minor, want := range map[int]flow.Decision{19: flow.Denied, 20: flow.Allowed} {
		v, err := engineWith(t, cilium.Agent{Minor: minor}, byName).Decide(parseFlow(t, "web -> blue:8081"))
		if err != nil || v.Egress.Decision != want {
			t.Errorf("in 1.%d: got %s, want %s: %v", minor, v.Egress.Decision, want, err)
		}
	}
}

// TestOwnEndpoints checks that a cluster-wide policy can isolate entities ingress and health.
func TestOwnEndpoints(t *testing.T) {
	t.Parallel()
	const clusterwide = `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: p}
spec: {endpointSelector: %s, egress: [{toEndpoints: [{matchLabels: {app: db}}]}]}`
	for selector, want := range map[string]flow.Decision{
		"{}": flow.Denied, "{matchExpressions: [{key: app, operator: NotIn, values: [other]}]}": flow.Denied, "{matchLabels: {app: web}}": flow.NotEnforced,
	} {
		e := engineWith(t, cilium.Agent{}, fmt.Sprintf(clusterwide, selector))
		for _, own := range []string{"ingress", "health"} {
			for to, decision := range map[string]flow.Decision{"web:8080": want, "db:5432": cmp.Or(map[flow.Decision]flow.Decision{flow.Denied: flow.Allowed}[want], want)} {
				v, err := e.Decide(parseFlow(t, "@"+own+" -> "+to))
				if err != nil || v.Egress.Decision != decision {
					t.Errorf("%s: %s to %s: got %s, want %s: %v", selector, own, to, v.Egress.Decision, decision, err)
				}
			}
		}
	}
}

// TestAgentsWithoutProxiesRefuseL7 checks enable-l7-proxy: false.
func TestAgentsWithoutProxiesRefuseL7(t *testing.T) {
	t.Parallel()
	docs := documents(t, cnp("p", `{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET}]}}]}]}`))
	_, err := newEngine(engine.Options{Agent: cilium.Agent{}.With(cilium.EnableL7Proxy, "false", "")}, docs, nil)
	var rejected flow.RejectedError
	if !errors.As(err, &rejected) {
		t.Errorf("the policy is not rejected: %v", err)
	}
}
