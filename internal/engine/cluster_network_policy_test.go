package engine_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
)

const (
	anyPods = "{namespaces: {}}"
	inBeta  = "{namespaces: {matchLabels: {kubernetes.io/metadata.name: beta}}}"
	denyAll = "{endpointSelector: {}, ingress: [{}], egress: [{}]}"
)

func TestClusterNetworkPolicies(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"Admin allows traffic that default-deny denies": {
			policies: all(cnp("deny", denyAll), admin("open", "tier: Admin, priority: 1, ingress: [{action: Accept, from: ["+inBeta+"]}]")),
			flows:    []string{"other -> web:8080 = allowed by open", "team -> web:8080 = denied", "web -> other:8080 = denied"},
		},
		"Admin denies traffic that another policy allows": {
			policies: all(cnp("allow", "{endpointSelector: {}, ingress: [{fromEntities: [all]}]}"), admin("shut", "tier: Admin, priority: 1, ingress: [{action: Deny, from: ["+inBeta+"]}]")),
			flows:    []string{"other -> web:8080 = denied by shut", "team -> web:8080 = allowed by acme/allow"},
		},
		"Admin denies traffic of pods without isolation, and nothing else": {
			policies: admin("shut", "tier: Admin, priority: 1, egress: [{action: Deny, to: ["+inBeta+"]}]"),
			flows:    []string{"web -> other:8080 = denied by shut", "web -> team:8080 = allowed", "other -> web:8080 = allowed"},
		},
		"Pass leaves the decision to other policies": {
			policies: all(cnp("deny", denyAll), admin("pass", "tier: Admin, priority: 1, ingress: [{action: Pass, from: ["+inBeta+"]}, {action: Accept, from: ["+anyPods+"]}]")),
			flows:    []string{"other -> web:8080 = denied", "team -> web:8080 = allowed by pass"},
		},
		"the lower priority number takes precedence": {
			policies: all(admin("first", "tier: Admin, priority: 1, ingress: [{action: Accept, from: ["+inBeta+"]}]"), admin("second", "tier: Admin, priority: 2, ingress: [{action: Deny, from: ["+anyPods+"]}]")),
			flows:    []string{"other -> web:8080 = allowed by first", "team -> web:8080 = denied by second"},
		},
		"Baseline denies traffic that no other policy allows": {
			policies: all(cnp("allow", "{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: beta}}]}]}"), admin("base", "tier: Baseline, priority: 1, ingress: [{action: Deny, from: ["+anyPods+"]}]")),
			flows:    []string{"other -> web:8080 = allowed by acme/allow", "team -> web:8080 = denied by base"},
		},
		"ports and named ports match": {
			policies: all(cnp("deny", denyAll), admin("open", "tier: Admin, priority: 1, ingress: [{action: Accept, from: ["+anyPods+"], protocols: [{tcp: {destinationPort: {range: {start: 8000, end: 8100}}}}, {destinationNamedPort: sql}]}]")),
			flows:    []string{"other -> web:8080 = allowed by open", "other -> web:8080/UDP = denied", "other -> web:9000 = denied", "other -> db:5432 = allowed by open", "other -> web:5432 = denied"},
		},
		"networks and names match": {
			policies: all(cnp("deny", denyAll), admin("out", `tier: Admin, priority: 1, egress: [{action: Accept, to: [{networks: [192.0.2.0/24]}, {domainNames: ["*.example.com"]}]}]`)),
			flows:    []string{"web -> 192.0.2.1:443 = allowed by out", "web -> 198.51.100.1:443 = denied", "web -> a.b.example.org:443 = denied"},
		},
	})
}

// TestOpeningsOfClusterNetworkPolicies checks that traffic allowed by an administrator's policy
// is an opening of the pods that it selects.
func TestOpeningsOfClusterNetworkPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy string
		// want are sources that the policy allows to reach acme/web, and not are others.
		want []string
		not  []string
	}{
		"Accept": {"tier: Admin, priority: 1, ingress: [{action: Accept, from: [" + inBeta + "]}]", []string{"beta/web"}, []string{"gamma/web"}},
		"Pass before Accept": {
			"tier: Admin, priority: 1, ingress: [{action: Pass, from: [" + inBeta + "]}, {action: Accept, from: [" + anyPods + "]}]", []string{"gamma/web"}, []string{"beta/web"},
		},
		"Baseline with default-deny": {"tier: Baseline, priority: 1, ingress: [{action: Accept, from: [" + inBeta + "]}]", []string{"beta/web"}, []string{"gamma/web"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := build(t, all(cnp("deny", denyAll), admin("open", c.policy)))
			openings, err := e.Openings(pods["web"], flow.Ingress)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range openings {
				for p := range o.Peers.All() {
					if len(o.Policies) != 1 || o.Policies[0].String() != "open" {
						t.Errorf("%s is allowed by %v", p.Name, o.Policies)
					}
					got = append(got, p.Name)
				}
			}
			for _, p := range c.want {
				if !strings.Contains(strings.Join(got, " "), p) {
					t.Errorf("%s is not allowed: %v", p, got)
				}
			}
			for _, p := range c.not {
				if strings.Contains(strings.Join(got, " "), p) {
					t.Errorf("%s is allowed: %v", p, got)
				}
			}
		})
	}
}

func TestRejectedClusterNetworkPolicies(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]string{
		"tier: Admin, priority: 1, ingress: [{action: Allow, from: [" + anyPods + "]}]": `"Allow" is not one of`,
		"tier: Normal, priority: 1":                                                                                                              `spec.tier: "Normal" is not one of`,
		"tier: Admin, priority: 1001":                                                                                                            "spec.priority: 1001",
		"tier: Admin, priority: 1, ingress: [{action: Accept, from: []}]":                                                                        "spec.ingress[0].from: must have 1 to 25 items",
		"tier: Admin, priority: 1, ingress: [{action: Accept, from: [{}]}]":                                                                      "spec.ingress[0].from[0]: must set exactly one field",
		"tier: Admin, priority: 1, egress: [{action: Accept, to: [{networks: [10.0.0.0]}]}]":                                                     "spec.egress[0].to[0].networks[0]",
		"tier: Admin, priority: 1, egress: [{action: Deny, to: [{domainNames: [a.example.com]}]}]":                                               "domainNames is only supported",
		"tier: Admin, priority: 1, egress: [{action: Accept, to: [{nodes: {}}]}]":                                                                "egress.to.nodes is not supported",
		"tier: Admin, priority: 1, ingress: [{action: Accept, from: [" + anyPods + "], protocols: [{tcp: {destinationPort: {number: 70000}}}]}]": "70000 is not between 1 and 65535",
		"tier: Admin, priority: 1, ingress: [{action: Accept, from: [" + anyPods + "], protocols: [{tcp: {}, udp: {}}]}]":                        "protocols[0]: must set exactly one field",
	} {
		_, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, documents(t, admin("bad", spec)), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", spec, err, want)
		}
	}
	if _, err := newEngine(engine.Options{}, documents(t, admin("without", "tier: Admin, priority: 1")), nil); err == nil || !strings.Contains(err.Error(), "enable-k8s-cluster-network-policy") {
		t.Errorf("an engine without the agent setting accepts a ClusterNetworkPolicy: %v", err)
	}
}
