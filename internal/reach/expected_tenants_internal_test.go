package reach

import (
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// TestGrantsBetweenTenantsMustBeDeclared checks that no grant is expected between tenants that the
// declarations do not name, whatever resolve grants.
func TestGrantsBetweenTenantsMustBeDeclared(t *testing.T) {
	t.Parallel()
	fence := &policy.Fence{Children: []v1alpha1.ChildTenants{
		{Parent: "control", Names: []string{"customer-*", "control"}},
		{Parent: "customer-a", Names: []string{"site"}},
	}}
	var tenants []*policy.Owner
	for _, name := range []string{"control", "customer-a", "customer-b", "rival", "site"} {
		tenants = append(tenants, &policy.Owner{Name: name, Namespaces: []string{name, name + "-jobs"}})
	}
	pods := func(tenant string) policy.Peer { return policy.Peer{Kind: policy.Pods, Namespace: tenant} }
	declares := func(tenant string, peers ...v1alpha1.Peer) *policy.Declaration {
		return &policy.Declaration{Owner: tenant, Flow: "reports", Peers: peers}
	}
	children, parent := v1alpha1.Peer{Children: true}, v1alpha1.Peer{Parent: true}
	fromParent := declares("control", children)
	for name, c := range map[string]struct {
		grant policy.Grant
		want  bool
	}{
		"a child, by relation on both sides":    {policy.Grant{From: pods("customer-a"), To: pods("control"), Source: declares("customer-a", parent), Destination: fromParent}, true},
		"a child that names its parent":         {policy.Grant{From: pods("customer-b"), To: pods("control"), Source: declares("customer-b", v1alpha1.Peer{Tenant: "control"}), Destination: fromParent}, true},
		"in the other direction":                {policy.Grant{From: pods("control"), To: pods("customer-b-jobs"), Source: fromParent, Destination: declares("customer-b", parent)}, true},
		"a Tenant that is no child":             {policy.Grant{From: pods("rival"), To: pods("control"), Source: declares("rival", v1alpha1.Peer{Tenant: "control"}), Destination: fromParent}, false},
		"a child of a child":                    {policy.Grant{From: pods("site"), To: pods("control"), Source: declares("site", v1alpha1.Peer{Tenant: "control"}), Destination: fromParent}, false},
		"the parent of another Tenant":          {policy.Grant{From: pods("customer-b"), To: pods("rival"), Source: declares("customer-b", parent), Destination: declares("rival", v1alpha1.Peer{AnyTenant: true})}, false},
		"a sibling":                             {policy.Grant{From: pods("customer-a"), To: pods("customer-b"), Source: declares("customer-a", parent), Destination: declares("customer-b", children)}, false},
		"one side alone, of the profile":        {policy.Grant{From: pods("customer-a"), To: pods("control"), Destination: fromParent}, true},
		"one side alone, not a child":           {policy.Grant{From: pods("rival"), To: pods("control"), Destination: fromParent}, false},
		"another peer of the flow has it":       {policy.Grant{From: pods("rival"), To: pods("control"), Destination: declares("control", children, v1alpha1.Peer{Namespace: "rival"})}, true},
		"another namespace of the Tenant":       {policy.Grant{From: pods("rival-jobs"), To: pods("control"), Destination: declares("control", children, v1alpha1.Peer{Namespace: "rival"})}, false},
		"another Tenant than the declared one":  {policy.Grant{From: pods("rival"), To: pods("control"), Destination: declares("control", v1alpha1.Peer{Tenant: "customer-a"})}, false},
		"own pods are no pods of others":        {policy.Grant{From: pods("rival"), To: pods("control"), Destination: declares("control", children, v1alpha1.Peer{})}, false},
		"own pods":                              {policy.Grant{From: pods("control-jobs"), To: pods("control"), Destination: declares("control", v1alpha1.Peer{})}, true},
		"pods without a Tenant":                 {policy.Grant{From: pods("unclaimed"), To: pods("control"), Destination: fromParent}, true},
		"a Service, whose pods resolve decides": {policy.Grant{From: pods("customer-a"), To: pods("rival"), Source: declares("customer-a", v1alpha1.Peer{Service: "rival/web"})}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.grant.Family = policy.EastWest
			own := fence.WithOwners(tenants...)
			own.Grants = []policy.Grant{c.grant}
			x := NewExpectation(own)
			expected := false
			for _, at := range x.at {
				for _, w := range at {
					expected = expected || len(w.Declarations) > 0
				}
			}
			if expected != c.want {
				t.Errorf("got %t, want %t", expected, c.want)
			}
		})
	}
}

// TestGrantsStayWithinOnePeer checks that the pods and ports of a grant between tenants are those of
// one declared peer, and not of several.
func TestGrantsStayWithinOnePeer(t *testing.T) {
	t.Parallel()
	fence := &policy.Fence{
		Children: []v1alpha1.ChildTenants{{Parent: "control", Names: []string{"customer-a"}}},
	}
	named := func(name string) *policy.Owner { return &policy.Owner{Name: name, Namespaces: []string{name}} }
	app := func(name string) *endpoints.Selector {
		return &endpoints.Selector{MatchLabels: map[string]string{"app": name}}
	}
	port := func(n int32) flow.Port { return flow.Port{Port: n, Protocol: v1alpha1.TCP} }
	peers := []v1alpha1.Peer{{Children: true, Pods: app("agent")}, {Tenant: "rival", Pods: app("web")}, {Namespace: "rival", Pods: app("job")}}
	service := []v1alpha1.Peer{{Service: "customer-a/web"}}
	for name, c := range map[string]struct {
		tenant string
		pods   endpoints.Selector
		ports  []flow.Port
		peers  []v1alpha1.Peer
		want   bool
	}{
		"the pods of the peer":               {"customer-a", *app("agent"), []flow.Port{port(8443)}, peers, true},
		"some pods of the peer":              {"customer-a", endpoints.Selector{MatchLabels: map[string]string{"app": "agent", "tier": "edge"}}, []flow.Port{port(8443)}, peers, true},
		"the pods of another peer":           {"customer-a", *app("web"), []flow.Port{port(8443)}, peers, false},
		"the pods of another peer, reversed": {"rival", *app("agent"), []flow.Port{port(8443)}, peers, false},
		"the pods of a peer by namespace":    {"rival", *app("job"), []flow.Port{port(8443)}, peers, true},
		"more pods than the peer":            {"customer-a", endpoints.Selector{}, []flow.Port{port(8443)}, peers, false},
		"another port":                       {"customer-a", *app("agent"), []flow.Port{port(8443), port(9000)}, peers, false},
		"every port":                         {"customer-a", *app("agent"), nil, peers, false},
		"another protocol":                   {"customer-a", *app("agent"), []flow.Port{{Port: 8443, Protocol: v1alpha1.UDP}}, peers, false},
		"a port that the other side names":   {"customer-a", *app("agent"), []flow.Port{{Name: "https", Protocol: v1alpha1.TCP}}, peers, true},
		"the port of the pods of a Service":  {"customer-a", *app("web"), []flow.Port{port(9000)}, service, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := NewExpectation(fence.WithOwners(named("control"), named("customer-a"), named("rival")))
			from := policy.Peer{Kind: policy.Pods, Namespace: c.tenant, Pods: c.pods}
			to := policy.Peer{Kind: policy.Pods, Namespace: "control"}
			declared := &policy.Declaration{Owner: "control", Flow: "reports", Peers: c.peers, Ports: []flow.Port{port(8443)}}
			if got := x.declaredBetween(policy.Grant{From: from, To: to, Ports: c.ports, Destination: declared}); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}
