package reach

import (
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
)

func app(name string) endpoints.Selector {
	return endpoints.Selector{MatchLabels: map[string]string{"app": name}}
}

func podOf(namespace, name string) endpoints.Endpoint {
	return endpoints.Endpoint{
		Kind: endpoints.PodEndpoint, Name: namespace + "/" + name, Namespace: namespace, Labels: map[string]string{"app": name},
		NamespaceLabels: map[string]string{"team": "red"},
	}
}

// TestPeersMatch checks which endpoints a declared peer selects.
func TestPeersMatch(t *testing.T) {
	t.Parallel()
	web := policy.Peer{Kind: policy.Pods, Namespace: "acme", Pods: app("web")}
	elsewhere := podOf("acme", "web")
	elsewhere.Cluster = "west"
	some := policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"192.0.2.0/24", "2001:db8::/32"}, Except: []string{"192.0.2.128/25"}}
	address := func(name string) endpoints.Endpoint {
		return endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: name, Entities: []v1alpha1.Entity{v1alpha1.EntityWorld}}
	}
	ipv4 := endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: "world-ipv4", Entities: []v1alpha1.Entity{v1alpha1.EntityWorldIPv4}}
	for name, c := range map[string]struct {
		peer policy.Peer
		ep   endpoints.Endpoint
		want bool
	}{
		"a selected pod":                            {web, podOf("acme", "web"), true},
		"a pod with other labels":                   {web, podOf("acme", "db"), false},
		"a pod of another namespace":                {web, podOf("beta", "web"), false},
		"a pod of another cluster":                  {web, elsewhere, false},
		"an address is no pod":                      {web, address("192.0.2.1"), false},
		"a namespace with the label":                {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"team": "red"}}, podOf("acme", "web"), true},
		"a namespace with another value":            {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"team": "blue"}}, podOf("acme", "web"), false},
		"a namespace without the label":             {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"tier": "red"}}, podOf("acme", "web"), false},
		"a namespace by the label of its name":      {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": "acme"}}, podOf("acme", "web"), true},
		"another namespace by that label":           {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": "acme"}}, podOf("beta", "web"), false},
		"an excluded namespace":                     {policy.Peer{Kind: policy.Pods, ExcludedNamespaces: []string{"acme"}}, podOf("acme", "web"), false},
		"a namespace that is not excluded":          {policy.Peer{Kind: policy.Pods, ExcludedNamespaces: []string{"acme"}}, podOf("beta", "web"), true},
		"an address in a CIDR":                      {some, address("192.0.2.127"), true},
		"an address in an exception":                {some, address("192.0.2.128"), false},
		"an address outside of the CIDRs":           {some, address("192.0.3.1"), false},
		"an IPv6 address in an IPv6 CIDR":           {some, address("2001:db8::1"), true},
		"a CIDR matches no pod":                     {policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"0.0.0.0/0"}}, podOf("acme", "web"), false},
		"all of world-ipv4 is in 0.0.0.0/0":         {policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"0.0.0.0/0"}}, ipv4, true},
		"world-ipv4 is not in ::/0":                 {policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"::/0"}}, ipv4, false},
		"world-ipv4 is not in 0.0.0.0/1":            {policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"0.0.0.0/1"}}, ipv4, false},
		"an entity that the endpoint has":           {policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityWorld}}, address("192.0.2.1"), true},
		"an entity that the endpoint does not have": {policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityHost}}, address("192.0.2.1"), false},
		"a node peer matches remote-node":           {policy.Peer{Kind: policy.Nodes, Owner: "workers"}, endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Entities: []v1alpha1.Entity{v1alpha1.EntityRemoteNode}}, true},
		"a node peer does not match world":          {policy.Peer{Kind: policy.Nodes, Owner: "workers"}, endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Entities: []v1alpha1.Entity{v1alpha1.EntityWorld}}, false},
		"a name in another case":                    {policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"API.example.com"}}, endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: "api.example.com"}, true},
		"a name that matches a pattern":             {policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"*.example.com"}}, endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: "api.example.com"}, true},
		"an undeclared name":                        {policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"api.example.com"}}, endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: "www.example.com"}, false},
		"an address is no name":                     {policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"*"}}, address("192.0.2.1"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := Expected{Peer: c.peer, fqdns: flow.NewPatterns(c.peer.FQDNs)}
			if got := w.matches(&policy.Fence{}, c.ep); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}
