package reach_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// viewOf returns a view of pods that have given openings in each direction. No policy isolates pods in shop.
func viewOf(t *testing.T, openings map[string][]flow.Opening, pods ...endpoints.Endpoint) *flow.View {
	t.Helper()
	view, err := flow.Compile(flowtest.Openings(func(at endpoints.Endpoint, d flow.Direction) flow.Openings {
		if at.Namespace == "shop" {
			return flow.Openings{{}}
		}
		return openings[string(d)+" "+at.Name]
	}), endpoints.NewSet(pods))
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func pod(namespace, app string) endpoints.Endpoint {
	return endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: namespace + "/" + app, Namespace: namespace, Labels: map[string]string{"app": app}}
}

func peerOf(namespace, app string) policy.Peer {
	return policy.Peer{Kind: policy.Pods, Namespace: namespace, Pods: endpoints.Selector{MatchLabels: map[string]string{"app": app}}}
}

// TestIsolation declares two flows: acme/web to acme/db on port 5432, and shop/shop to acme/web on
// port 80. No tenant has the namespace shop.
func TestIsolation(t *testing.T) {
	t.Parallel()
	web, db, shop := pod("acme", "web"), pod("acme", "db"), pod("shop", "shop")
	on := func(port uint16, peers ...endpoints.Endpoint) []flow.Opening {
		return []flow.Opening{{Ports: flow.PortRange{Protocol: v1alpha1.TCP, First: port, Last: port}, Peers: flow.NewPeerSet(peers...), Policies: flow.Policies{{Namespace: "acme", Name: "some"}}}}
	}
	for name, c := range map[string]struct {
		enforcement v1alpha1.Enforcement
		openings    map[string][]flow.Opening
		// want has the check, the severity and words of the message of each finding.
		want []string
	}{
		"declared flows": {
			v1alpha1.Enforce, map[string][]flow.Opening{
				"egress acme/web": on(5432, db), "ingress acme/db": on(5432, web), "ingress acme/web": on(80, shop),
			}, nil,
		},
		"another port, denied at the destination": {
			v1alpha1.Enforce, map[string][]flow.Opening{"egress acme/web": on(5433, db)},
			[]string{"undeclared-one-sided error acme/web acme/db 5433/TCP"},
		},
		"another port, allowed at the destination": {
			v1alpha1.Enforce, map[string][]flow.Opening{"egress acme/web": on(5433, db), "ingress acme/db": on(5433, web)},
			[]string{"undeclared-open error acme/web acme/db 5433/TCP", "undeclared-open error acme/web acme/db 5433/TCP"},
		},
		"another port, allowed at the destination from another pod": {
			v1alpha1.Enforce, map[string][]flow.Opening{"egress acme/web": on(5433, db), "ingress acme/db": on(5433, shop)},
			[]string{"undeclared-one-sided error acme/web acme/db 5433/TCP", "undeclared-open error shop/shop acme/db 5433/TCP"},
		},
		"the reverse of a declared flow": {
			v1alpha1.Enforce, map[string][]flow.Opening{"egress acme/db": on(5432, web)},
			[]string{"undeclared-one-sided error acme/db acme/web 5432/TCP"},
		},
		"an undeclared peer": {
			v1alpha1.Enforce, map[string][]flow.Opening{"ingress acme/db": on(5432, shop)},
			[]string{"undeclared-open error shop/shop acme/db 5432/TCP"},
		},
		"a warning in AllowOnly": {
			v1alpha1.AllowOnly, map[string][]flow.Opening{"ingress acme/db": on(5432, shop)},
			[]string{"undeclared-open warning shop/shop acme/db"},
		},
		"a pod without default-deny": {
			v1alpha1.Enforce, map[string][]flow.Opening{"ingress acme/db": {{}}},
			[]string{"not-isolated error ingress acme/db"},
		},
		"a shadowed L7 rule": {
			v1alpha1.Enforce, map[string][]flow.Opening{"ingress acme/db": {{
				Ports: flow.PortRange{Protocol: v1alpha1.TCP, First: 5432, Last: 5432}, Peers: flow.NewPeerSet(web), Policies: flow.Policies{{Namespace: "acme", Name: "some"}},
				L7: flow.L7{Alternatives: flow.HTTPOf(flow.HTTPRule{Method: "GET"}).Alternatives, ShadowedBy: flow.Policies{{Namespace: "acme", Name: "other"}}},
			}}},
			[]string{"l7-rule-shadowed error 5432/TCP acme/other"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &policy.Fence{
				Name: "platform", Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: "1.19"},
				Grants: []policy.Grant{
					{From: peerOf("acme", "web"), To: peerOf("acme", "db"), Ports: []flow.Port{{Port: 5432, Protocol: v1alpha1.TCP}}},
					{From: peerOf("shop", "shop"), To: peerOf("acme", "web"), Ports: []flow.Port{{Port: 80, Protocol: v1alpha1.TCP}}},
				},
			}
			f = f.WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"acme"}, Enforcement: c.enforcement})
			index, _ := resource.NewIndex(nil)
			proof := reach.Proof{View: viewOf(t, c.openings, web, db, shop), Fence: f, Endpoints: reach.Endpoints{Index: index, Fence: f}}
			isolated, err := proof.Isolation()
			if err != nil || isolated.Pods != 2 {
				t.Fatalf("%d pods: %v", isolated.Pods, err)
			}
			findings := withoutDeclared(isolated.Findings)
			if len(findings) != len(c.want) {
				t.Fatalf("findings %v, want %q", findings, c.want)
			}
			for i, want := range c.want {
				words, got := strings.Fields(want), findings[i]
				unnamed := slices.DeleteFunc(words[2:], func(word string) bool { return strings.Contains(got.Message, word) })
				if got.Check.Name != words[0] || string(got.Severity) != words[1] || len(unnamed) > 0 {
					t.Errorf("finding %v, want %q", got, want)
				}
			}
		})
	}
}

// withoutDeclared removes the findings about declared flows.
func withoutDeclared(all report.Findings) report.Findings {
	var out report.Findings
	for _, f := range all {
		if !strings.HasPrefix(f.Check.Name, "declared-") {
			out = append(out, f)
		}
	}
	return out
}
