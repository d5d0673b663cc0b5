package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// TestFlowsByTenant checks under which names and peers the flows of tenants are listed.
func TestFlowsByTenant(t *testing.T) {
	t.Parallel()
	pods := func(namespace string) policy.Peer { return policy.Peer{Kind: policy.Pods, Namespace: namespace} }
	by := func(tenant, one, via string) *policy.Declaration {
		return &policy.Declaration{Owner: tenant, Flow: one, Via: via}
	}
	ports := []flow.Port{{Port: 443, Protocol: v1alpha1.TCP}}
	f := &policy.Fence{
		Grants: []policy.Grant{
			{From: pods("a"), To: pods("b"), Ports: ports, Source: by("acme", "calls", ""), Destination: by("beta", "callers", "")},
			{From: pods("a"), To: policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"one.example", "two.example"}}, Source: by("acme", "names", "")},
			{From: pods("r"), To: policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"192.0.2.0/24"}}, Source: by("acme", "out", "relay")},
			{From: pods("r"), To: pods("b"), Source: by("acme", "inside", "relay")},
			{From: policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{"world"}}, To: pods("b"), Destination: by("beta", "site", "")},
			{From: pods("unfenced"), To: pods("b"), Destination: by("beta", "site", "")},
			{From: policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"team": "x"}}, To: pods("b"), Family: policy.EastWest},
			{From: policy.Peer{Kind: policy.Nodes, Owner: "workers"}, To: policy.Peer{Kind: policy.Pods}, Source: &policy.Declaration{Kind: policy.Nodes, Owner: "workers", Flow: "n"}},
		},
	}
	f = f.WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"a"}}, &policy.Owner{Name: "beta", Namespaces: []string{"b"}}, &policy.Owner{Name: "relay", Namespaces: []string{"r"}})
	want := [][2][]report.NamedFlow{
		{{
			{Name: "calls", Peers: []string{"beta"}, Ports: ports}, {Name: "names", Peers: []string{"one.example", "two.example"}},
			{Name: "out", Via: "relay", Peers: []string{"192.0.2.0/24"}}, {Name: "inside", Via: "relay", Peers: []string{"beta"}},
		}, nil},
		{nil, {
			{Name: "callers", Peers: []string{"acme"}, Ports: ports}, {Name: "inside", Via: "relay", Peers: []string{"acme"}},
			{Name: "site", Peers: []string{"world", "unfenced"}}, {Name: "east-west", Peers: []string{"namespaces team=x"}},
		}},
		{nil, nil},
	}
	for i, flows := range f.FlowsByTenant() {
		if d := cmp.Diff(want[i], [2][]report.NamedFlow{flows.Reaches, flows.ReachedBy}); d != "" {
			t.Errorf("%s: %s", flows.Tenant, d)
		}
	}
}
