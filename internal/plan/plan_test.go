package plan_test

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/plan"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

func pods(namespace, app string) policy.Peer {
	p := policy.Peer{Kind: policy.Pods, Namespace: namespace}
	if app != "" {
		p.Pods.MatchLabels = map[string]string{"app": app}
	}
	return p
}

func declaration(tenant, one, app string) *policy.Declaration {
	return &policy.Declaration{Owner: tenant, Flow: one, Subject: pods("", app).Pods, Reason: report.Reason{Kind: "Tenant", Name: tenant, Field: "spec.egress[" + one + "]"}}
}

func network(cidr string) policy.Peer { return policy.Peer{Kind: policy.CIDRs, CIDRs: []string{cidr}} }

func viaDeclaration(tenant, one, app string) *policy.Declaration {
	d := declaration(tenant, one, app)
	d.Via = "point"
	return d
}

// fence has two tenants, a baseline with only DNS, and the grants.
func fence(enforcement v1alpha1.Enforcement, grants ...policy.Grant) *policy.Fence {
	for i := range grants {
		grants[i].Family = policy.EastWest
	}
	f := &policy.Fence{
		Name: "platform", Cluster: v1alpha1.Cluster{CNI: v1alpha1.CNICilium, CiliumVersion: "1.19"},
		Grants: grants,
	}
	return f.WithOwners(
		&policy.Owner{Name: "acme", Namespaces: []string{"acme"}, Enforcement: enforcement},
		&policy.Owner{Name: "beta", Namespaces: []string{"beta"}, Enforcement: enforcement},
	)
}

// TestPolicyNames checks the names of flow policies in a namespace, without other families. Each
// name belongs to one subject. Otherwise one policy would replace another.
func TestPolicyNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grants []policy.Grant
		want   []string
	}{
		"a flow names the policies on both sides": {
			[]policy.Grant{{From: pods("acme", "app"), To: pods("acme", "db"), Source: declaration("acme", "db", "app")}},
			[]string{"acme/egress-db", "acme/ingress-db"},
		},
		"on a side of another tenant, the tenant's name is appended": {
			[]policy.Grant{{From: pods("acme", "app"), To: pods("beta", "api"), Source: declaration("acme", "api", "app")}},
			[]string{"acme/egress-api", "beta/ingress-api.acme"},
		},
		"a side with its own declaration has its name": {
			[]policy.Grant{{From: pods("acme", "app"), To: pods("beta", "api"), Source: declaration("acme", "out", "app"), Destination: declaration("beta", "in", "api")}},
			[]string{"acme/egress-out", "beta/ingress-in"},
		},
		"pods narrower than declared have distinct names": {
			[]policy.Grant{{From: pods("acme", "app"), To: pods("beta", "api"), Source: declaration("acme", "out", ""), Destination: declaration("beta", "in", "api")}},
			[]string{"acme/some-egress-out.9476f535", "beta/ingress-in"},
		},
		"several kinds of pods on the peer's side have distinct names": {
			[]policy.Grant{
				{From: pods("acme", "app"), To: pods("acme", "db"), Source: declaration("acme", "stores", "app")},
				{From: pods("acme", "app"), To: pods("acme", "cache"), Source: declaration("acme", "stores", "app")},
			},
			[]string{"acme/egress-stores", "acme/some-ingress-stores.247dfa3c", "acme/some-ingress-stores.498a788e"},
		},
		"the policy for all pods of the namespace has the plain name": {
			[]policy.Grant{
				{From: pods("acme", "app"), To: pods("beta", ""), Source: declaration("acme", "all", "app")},
				{From: pods("acme", "app"), To: pods("beta", "db"), Source: declaration("acme", "all", "app")},
			},
			[]string{"acme/egress-all", "beta/ingress-all.acme", "beta/some-ingress-all.acme.247dfa3c"},
		},
		"flows via an egress point are in the point's policy, for every tenant": {
			[]policy.Grant{
				{From: pods("beta", "gateway"), To: network("192.0.2.0/24"), Source: viaDeclaration("acme", "collector", "gateway")},
				{From: pods("beta", "gateway"), To: network("198.51.100.0/24"), Source: viaDeclaration("beta", "other", "gateway")},
			},
			[]string{"beta/via-point.networks"},
		},
		"flows to the same pods share a policy": {
			[]policy.Grant{
				{From: pods("acme", "a"), To: pods("beta", "api"), Source: declaration("acme", "a", "a"), Destination: declaration("beta", "in", "api")},
				{From: pods("acme", "b"), To: pods("beta", "api"), Source: declaration("acme", "b", "b"), Destination: declaration("beta", "in", "api")},
			},
			[]string{"acme/egress-a", "acme/egress-b", "beta/ingress-in"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range plan.Plan(fence(v1alpha1.Enforce, c.grants...)) {
				if p.Family == policy.EastWest {
					got = append(got, p.Namespace+"/"+p.Name)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestL7PerSide checks the L7 rules of a grant on each side.
func TestL7PerSide(t *testing.T) {
	t.Parallel()
	requests := flow.HTTPOf(flow.HTTPRule{Method: "GET"})
	l7 := flow.L7{Alternatives: slices.Concat(requests.Alternatives, flow.DNSFor("a.example").Alternatives)}
	grant := policy.Grant{From: pods("acme", "app"), To: pods("beta", "api"), L7: l7, Source: declaration("acme", "api", "app")}
	for name, c := range map[string]struct {
		enforcement     v1alpha1.Enforcement
		egress, ingress flow.L7
	}{
		"HTTP on both sides, DNS names on the egress side": {v1alpha1.Enforce, l7, requests},
		"nothing in AllowOnly":                             {v1alpha1.AllowOnly, flow.L7{}, flow.L7{}},
	} {
		sides := map[flow.Direction]int{}
		for _, p := range plan.Plan(fence(c.enforcement, grant)) {
			if p.Family != policy.EastWest {
				continue
			}
			if len(p.Rules) != 1 {
				t.Fatalf("%s: %s/%s has %d rules, want one", name, p.Namespace, p.Name, len(p.Rules))
			}
			sides[p.Rules[0].Direction]++
			want := c.egress
			if p.Rules[0].Direction == flow.Ingress {
				want = c.ingress
			}
			if endpoints.JSONKey(p.Rules[0].L7) != endpoints.JSONKey(want) {
				t.Errorf("%s: %s/%s has L7 rules %v, want %v", name, p.Namespace, p.Name, p.Rules[0].L7, want)
			}
		}
		if sides[flow.Egress] != 1 || sides[flow.Ingress] != 1 {
			t.Errorf("%s: %d policies at the source and %d at the destination, want one each", name, sides[flow.Egress], sides[flow.Ingress])
		}
	}
}

func TestPlanIsPure(t *testing.T) {
	t.Parallel()
	f := fence(v1alpha1.Enforce, policy.Grant{From: pods("acme", "app"), To: pods("beta", "api"), Source: declaration("acme", "api", "app")})
	text := func() string { return endpoints.JSONKey([]any{f, f.Owners()}) }
	before := text()
	policies := plan.Plan(f)
	if n := len(policies); n != 6 {
		t.Errorf("%d policies, want DNS and default-deny of two tenants, and two sides of a flow", n)
	}
	first := endpoints.JSONKey(policies)
	if second := endpoints.JSONKey(plan.Plan(f)); second != first {
		t.Errorf("the second plan is\n%s\nwant\n%s", second, first)
	}
	if after := text(); after != before {
		t.Errorf("the plan changed the fence to\n%s\nfrom\n%s", after, before)
	}
}
