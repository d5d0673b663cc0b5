package reach

import (
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

func app(name string) policy.Selector {
	return policy.Selector{MatchLabels: map[string]string{"app": name}}
}

func podOf(namespace, name string) policy.Endpoint {
	return policy.Endpoint{
		Kind: policy.PodEndpoint, Name: namespace + "/" + name, Namespace: namespace, Labels: map[string]string{"app": name},
		NamespaceLabels: map[string]string{"team": "red"},
	}
}

// A declaration is about the endpoints that its peer names, and about no others.
func TestPeersMatch(t *testing.T) {
	t.Parallel()
	web := policy.Peer{Kind: policy.Pods, Namespace: "acme", Pods: app("web")}
	elsewhere := podOf("acme", "web")
	elsewhere.Cluster = "west"
	some := policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"192.0.2.0/24", "2001:db8::/32"}, Except: []string{"192.0.2.128/25"}}
	address := func(name string) policy.Endpoint {
		return policy.Endpoint{Kind: policy.AddressEndpoint, Name: name, Entities: []v1alpha1.Entity{v1alpha1.EntityWorld}}
	}
	ipv4 := policy.Endpoint{Kind: policy.EntityEndpoint, Name: "world-ipv4", Entities: []v1alpha1.Entity{v1alpha1.EntityWorldIPv4}}
	for name, c := range map[string]struct {
		peer policy.Peer
		ep   policy.Endpoint
		want bool
	}{
		"a pod that the labels select":            {web, podOf("acme", "web"), true},
		"a pod that they do not":                  {web, podOf("acme", "db"), false},
		"a pod of another namespace":              {web, podOf("beta", "web"), false},
		"a pod of another cluster":                {web, elsewhere, false},
		"no pod":                                  {web, address("192.0.2.1"), false},
		"a namespace with the label":              {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"team": "red"}}, podOf("acme", "web"), true},
		"a namespace with another value":          {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"team": "blue"}}, podOf("acme", "web"), false},
		"a namespace without the label":           {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"tier": "red"}}, podOf("acme", "web"), false},
		"a namespace by the label of its name":    {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": "acme"}}, podOf("acme", "web"), true},
		"another namespace by that label":         {policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": "acme"}}, podOf("beta", "web"), false},
		"a namespace that is left out":            {policy.Peer{Kind: policy.Pods, NotNamespaces: []string{"acme"}}, podOf("acme", "web"), false},
		"a namespace that is not":                 {policy.Peer{Kind: policy.Pods, NotNamespaces: []string{"acme"}}, podOf("beta", "web"), true},
		"an address of a network":                 {some, address("192.0.2.127"), true},
		"an address of an exception":              {some, address("192.0.2.128"), false},
		"an address outside":                      {some, address("192.0.3.1"), false},
		"an address of the other family":          {some, address("2001:db8::1"), true},
		"a pod is in no network":                  {policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"0.0.0.0/0"}}, podOf("acme", "web"), false},
		"all of one family is in the whole of it": {policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"0.0.0.0/0"}}, ipv4, true},
		"but not in the other":                    {policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"::/0"}}, ipv4, false},
		"nor in a half":                           {policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"0.0.0.0/1"}}, ipv4, false},
		"an entity of the endpoint":               {policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityHost, v1alpha1.EntityWorld}}, address("192.0.2.1"), true},
		"an entity that it is not":                {policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityHost}}, address("192.0.2.1"), false},
		"any node is the host or a remote node":   {policy.Peer{Kind: policy.Nodes, Node: "workers"}, policy.Endpoint{Kind: policy.EntityEndpoint, Entities: []v1alpha1.Entity{v1alpha1.EntityRemoteNode}}, true},
		"and the world is none":                   {policy.Peer{Kind: policy.Nodes, Node: "workers"}, policy.Endpoint{Kind: policy.EntityEndpoint, Entities: []v1alpha1.Entity{v1alpha1.EntityWorld}}, false},
		"a name, whatever the case":               {policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"API.example.com"}}, policy.Endpoint{Kind: policy.NameEndpoint, Name: "api.example.com"}, true},
		"a name that a pattern matches":           {policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"*.example.com"}}, policy.Endpoint{Kind: policy.NameEndpoint, Name: "api.example.com"}, true},
		"a name that is not declared":             {policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"api.example.com"}}, policy.Endpoint{Kind: policy.NameEndpoint, Name: "www.example.com"}, false},
		"no name":                                 {policy.Peer{Kind: policy.FQDNs, FQDNs: []string{"*"}}, address("192.0.2.1"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := Wanted{Peer: c.peer, fqdns: policy.NewPatterns(c.peer.FQDNs)}
			if got := w.matches(&policy.Fence{}, c.ep); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}
