package reach_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// opened is an engine that opens what it is given, by pod and direction. No policy isolates
// pods of shop.
type opened struct {
	decided
	known    []policy.Endpoint
	openings map[string][]policy.Opening
}

func (o opened) Imagine(policy.Surroundings) ([]policy.Endpoint, error) { return o.known, nil }

func (o opened) Openings(pod policy.Endpoint, d policy.Direction) ([]policy.Opening, error) {
	if pod.Namespace == "shop" {
		return []policy.Opening{{}}, nil
	}
	return o.openings[string(d)+" "+pod.Name], nil
}

func pod(namespace, app string) policy.Endpoint {
	return policy.Endpoint{Kind: policy.PodEndpoint, Name: namespace + "/" + app, Namespace: namespace, Labels: map[string]string{"app": app}}
}

func peerOf(namespace, app string) policy.Peer {
	return policy.Peer{Kind: policy.Pods, Namespace: namespace, Pods: policy.Selector{MatchLabels: map[string]string{"app": app}}}
}

// TestIsolation holds what is found at two pods of acme, web and db, and one of nobody's: web may
// reach db on port 5432, and shop may reach web on port 80.
func TestIsolation(t *testing.T) {
	t.Parallel()
	web, db, shop := pod("acme", "web"), pod("acme", "db"), pod("shop", "shop")
	on := func(port uint16, peers ...policy.Endpoint) []policy.Opening {
		return []policy.Opening{{Protocol: v1alpha1.TCP, First: port, Last: port, Peers: peers, By: []string{"acme/some"}}}
	}
	for name, c := range map[string]struct {
		enforcement v1alpha1.Enforcement
		openings    map[string][]policy.Opening
		// want are the findings: check, severity and a part of the text.
		want []string
	}{
		"what is declared is no finding": {
			v1alpha1.Enforce, map[string][]policy.Opening{
				"egress acme/web": on(5432, db), "ingress acme/db": on(5432, web), "ingress acme/web": on(80, shop),
			}, nil,
		},
		"another port is, and the other end denies it": {
			v1alpha1.Enforce, map[string][]policy.Opening{"egress acme/web": on(5433, db)},
			[]string{"undeclared-latent error acme/web reach acme/db on port 5433/TCP"},
		},
		"or allows it": {
			v1alpha1.Enforce, map[string][]policy.Opening{"egress acme/web": on(5433, db), "ingress acme/db": on(5433, web)},
			[]string{"undeclared-open error acme/web reach acme/db on port 5433/TCP", "undeclared-open error acme/web reach acme/db on port 5433/TCP"},
		},
		"which it does for other pods only": {
			v1alpha1.Enforce, map[string][]policy.Opening{"egress acme/web": on(5433, db), "ingress acme/db": on(5433, shop)},
			[]string{"undeclared-latent error acme/web reach acme/db on port 5433/TCP", "undeclared-open error shop/shop reach acme/db on port 5433/TCP"},
		},
		"the other direction of a declared flow": {
			v1alpha1.Enforce, map[string][]policy.Opening{"egress acme/db": on(5432, web)},
			[]string{"undeclared-latent error acme/db reach acme/web on port 5432/TCP"},
		},
		"a peer that is not declared": {
			v1alpha1.Enforce, map[string][]policy.Opening{"ingress acme/db": on(5432, shop)},
			[]string{"undeclared-open error shop/shop reach acme/db on port 5432/TCP"},
		},
		"in Audit it is a warning": {
			v1alpha1.Audit, map[string][]policy.Opening{"ingress acme/db": on(5432, shop)},
			[]string{"undeclared-open warning shop/shop reach acme/db"},
		},
		"a pod that no policy closes": {
			v1alpha1.Enforce, map[string][]policy.Opening{"ingress acme/db": {{}}},
			[]string{"not-isolated error no policy closes the ingress of acme/db"},
		},
		"what an L7 rule cannot narrow": {
			v1alpha1.Enforce, map[string][]policy.Opening{"ingress acme/db": {{
				Protocol: v1alpha1.TCP, First: 5432, Last: 5432, Peers: []policy.Endpoint{web}, By: []string{"acme/some"},
				L7: policy.L7{HTTP: []policy.HTTPRule{{Method: "GET"}}, MootBy: []string{"acme/other"}},
			}}},
			[]string{"dead-l7-rule error has L7 rules for port 5432/TCP that do nothing: acme/other allows it without"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &policy.Fence{
				Name: "platform", Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: "1.19"},
				Tenants: []policy.Tenant{{Name: "acme", Namespaces: []string{"acme"}, Enforcement: c.enforcement}},
				Grants: []policy.Grant{
					{From: peerOf("acme", "web"), To: peerOf("acme", "db"), Ports: []policy.Port{{Port: 5432, Protocol: v1alpha1.TCP}}},
					{From: peerOf("shop", "shop"), To: peerOf("acme", "web"), Ports: []policy.Port{{Port: 80, Protocol: v1alpha1.TCP}}},
				},
			}
			index, _ := resource.NewIndex(nil)
			proof := reach.Proof{
				Engine: opened{decided: decided(policy.Allowed), known: []policy.Endpoint{web, db, shop}, openings: c.openings},
				Fence:  f, Endpoints: reach.Endpoints{Index: index, Fence: f},
			}
			counted, findings, err := proof.Isolation()
			if err != nil || counted.Pods != 2 {
				t.Fatalf("%d pods: %v", counted.Pods, err)
			}
			findings = withoutDeclared(findings)
			if len(findings) != len(c.want) {
				t.Fatalf("findings %v, want %q", findings, c.want)
			}
			for i, want := range c.want {
				check, rest, _ := strings.Cut(want, " ")
				severity, text, _ := strings.Cut(rest, " ")
				if got := findings[i]; got.Check != check || string(got.Severity) != severity || !strings.Contains(got.Message, text) {
					t.Errorf("finding %v, want %q", got, want)
				}
			}
		})
	}
}

// withoutDeclared leaves declared flows that are denied out, which the engine's verdicts decide.
func withoutDeclared(all policy.Findings) policy.Findings {
	var out policy.Findings
	for _, f := range all {
		if !strings.HasPrefix(f.Check, "declared-") {
			out = append(out, f)
		}
	}
	return out
}
