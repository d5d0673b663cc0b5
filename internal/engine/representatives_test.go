package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// representatives returns the names of the representative endpoints of one kind.
func representatives(t *testing.T, policies string, s endpoints.Environment, kind endpoints.EndpointKind) []string {
	t.Helper()
	e := engineOf(t, documents(t, policies), nil)
	all, err := e.Representatives(s)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, ep := range all {
		if ep.Kind == kind {
			out = append(out, ep.Name)
		}
	}
	slices.Sort(out)
	return out
}

func TestRepresentativePods(t *testing.T) {
	surroundings := endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil, "beta": {"team": "red"}}}
	from := func(selector string) string {
		return cnp("p", "{endpointSelector: {}, ingress: [{fromEndpoints: ["+selector+"]}]}")
	}
	const bare = "a pod without labels in acme, a pod without labels in a namespace outside the build, a pod without labels in beta"
	for desc, c := range map[string]struct{ policies, want string }{
		"without policies, one without labels in each namespace": {"", bare},
		"one for a peer in its namespace":                        {from("{matchLabels: {app: db}}"), "a pod with app=db in acme, " + bare},
		"one for a subject":                                      {cnp("p", "{endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}"), "a pod with app=db in acme, " + bare},
		"one in each namespace for a cluster-wide selector": {ccnp("p", "{endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}"),
			"a pod with app=db in acme, a pod with app=db in a namespace outside the build, a pod with app=db in beta, " + bare},
		"one in every namespace for a selector of any namespace": {from("{matchLabels: {app: db}, matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}"),
			"a pod with app=db in acme, a pod with app=db in a namespace outside the build, a pod with app=db in beta, " + bare},
		"one in a namespace that is missing":            {from("{matchLabels: {app: db, io.kubernetes.pod.namespace: gone}}"), "a pod with app=db in gone, " + bare},
		"one in each namespace of a list":               {from("{matchLabels: {app: db}, matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: [acme, beta]}]}"), "a pod with app=db in acme, a pod with app=db in beta, " + bare},
		"none in an excluded namespace":                 {from("{matchLabels: {app: db}, matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [acme]}]}"), "a pod with app=db in a namespace outside the build, a pod with app=db in beta, " + bare},
		"one for the labels of its namespace":           {from("{matchLabels: {app: db, io.cilium.k8s.namespace.labels.team: red}}"), "a pod with app=db in a namespace outside the build with team=red, a pod with app=db in beta, " + bare},
		"one without labels for namespace labels":       {from("{matchLabels: {io.cilium.k8s.namespace.labels.team: blue}}"), bare + ", a pod without labels in a namespace outside the build with team=blue"},
		"one for all values that are excluded together": {from("{matchExpressions: [{key: app, operator: NotIn, values: [db, web]}]}"), "a pod with app=db in acme, a pod with app=other in acme, " + bare},
		"one with a label that must be absent":          {from("{matchLabels: {app: db}, matchExpressions: [{key: tier, operator: DoesNotExist}]}"), "a pod with app=db in acme, a pod with app=db,tier=other in acme, " + bare},
		"one with a label that must exist":              {from("{matchExpressions: [{key: tier, operator: Exists}]}"), "a pod with tier=other in acme, " + bare},
		"one for all values that are selected together": {from("{matchExpressions: [{key: tier, operator: In, values: [a, b]}]}"), "a pod with tier=a in acme, " + bare},
		"one for each value that another policy distinguishes": {all(from("{matchExpressions: [{key: tier, operator: In, values: [a, b, c]}]}"), cnp("q", "{endpointSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [b]}]}, egress: [{}]}")),
			"a pod with tier=a in acme, a pod with tier=b in acme, a pod with tier=other in acme, " + bare},
		"none for a value that only a deny selects": {cnp("p", "{endpointSelector: {}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]}"), bare},
		"one for the subject of a deny":             {cnp("p", "{endpointSelector: {matchLabels: {app: db}}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: web}}]}]}"), "a pod with app=db in acme, " + bare},
		"one in every namespace with one of several labels": {from("{matchLabels: {app: db}, matchExpressions: [{key: io.cilium.k8s.namespace.labels.team, operator: In, values: [blue, red]}]}"),
			"a pod with app=db in beta, a pod with app=db in a namespace outside the build with team=blue, " + bare},
		"one in every namespace with a label": {from("{matchLabels: {app: db}, matchExpressions: [{key: io.cilium.k8s.namespace.labels.team, operator: Exists}]}"),
			"a pod with app=db in beta, a pod with app=db in a namespace outside the build with team=other, " + bare},
		"none in a namespace whose label is excluded":  {from("{matchLabels: {app: db}, matchExpressions: [{key: io.cilium.k8s.namespace.labels.team, operator: DoesNotExist}]}"), "a pod with app=db in acme, a pod with app=db in a namespace outside the build, " + bare},
		"one that matches all requirements on a label": {from("{matchLabels: {app: db}, matchExpressions: [{key: app, operator: Exists}]}"), "a pod with app=db in acme, " + bare},
		"none where a selector contradicts itself":     {from("{matchLabels: {app: db}, matchExpressions: [{key: app, operator: NotIn, values: [db]}]}"), bare},
		"one in a namespace by its name's label":       {netpol("p", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: gone}}, podSelector: {matchLabels: {app: db}}}]}]}"), "a pod with app=db in gone, " + bare},
		"one of an account, without labels":            {from("{matchLabels: {io.cilium.k8s.policy.serviceaccount: robot}}"), "a pod of service account robot in acme, " + bare},
		"a NetworkPolicy's too":                        {netpol("p", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: db}}}]}]}"), "a pod with app=db in a namespace outside the build with team=red, a pod with app=db in beta, " + bare},
		"none of a host policy":                        {ccnp("p", "{nodeSelector: {matchLabels: {role: edge}}, ingress: [{}]}"), bare},
		"one with an account":                          {from("{matchLabels: {app: db, io.cilium.k8s.policy.serviceaccount: robot}}"), "a pod with app=db of service account robot in acme, " + bare},
		"one of another cluster":                       {from("{matchLabels: {app: db, io.cilium.k8s.policy.cluster: east}}"), "a pod with app=db of cluster east in acme, " + bare},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			want := strings.Split(c.want, ", ")
			slices.Sort(want)
			if got := representatives(t, c.policies, surroundings, endpoints.PodEndpoint); !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

func TestRepresentativesOutside(t *testing.T) {
	to := func(cidrs string) string {
		return cnp("p", "{endpointSelector: {}, egress: [{toCIDRSet: ["+cidrs+"]}]}")
	}
	for desc, c := range map[string]struct {
		policies string
		cidrs    []string
		kind     endpoints.EndpointKind
		want     string
	}{
		"an address in each network":               {to("{cidr: 192.0.2.0/24}, {cidr: 198.51.100.0/24}"), nil, endpoints.AddressEndpoint, "192.0.2.0, 198.51.100.0"},
		"one in an exception and one outside":      {to("{cidr: 10.0.0.0/8, except: [10.0.0.0/16]}"), nil, endpoints.AddressEndpoint, "10.0.0.0, 10.1.0.0"},
		"one in each nested network":               {to("{cidr: 10.0.0.0/8, except: [10.0.0.0/16, 10.0.0.0/24]}"), nil, endpoints.AddressEndpoint, "10.0.0.0, 10.0.1.0, 10.1.0.0"},
		"none in a network filled by smaller ones": {to("{cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.128.0.0/9]}"), nil, endpoints.AddressEndpoint, "10.0.0.0, 10.128.0.0"},
		"host bits are ignored":                    {to("{cidr: 10.1.2.3/8}"), nil, endpoints.AddressEndpoint, "10.0.0.0"},
		"an IPv6 address":                          {to(`{cidr: "2001:db8::/32"}`), nil, endpoints.AddressEndpoint, "2001:db8::"},
		"an entity for 0.0.0.0/0":                  {to("{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}"), nil, endpoints.AddressEndpoint, "10.0.0.0"},
		"an address in each declared network":      {to("{cidr: 10.0.0.0/8}"), []string{"10.0.0.0/24"}, endpoints.AddressEndpoint, "10.0.0.0, 10.0.1.0"},
		"the last address":                         {to("{cidr: 255.255.255.255/32}, {cidr: 255.255.255.254/31}"), nil, endpoints.AddressEndpoint, "255.255.255.254, 255.255.255.255"},
		"a name and a pattern":                     {toNames("p", `{matchName: api.example.com}, {matchPattern: "*.example.com"}, {matchName: api.example.com}`), nil, endpoints.NameEndpoint, "*.example.com, api.example.com"},
		"every entity":                             {"", nil, endpoints.EntityEndpoint, "health, host, ingress, init, kube-apiserver, remote-node, unmanaged, world-ipv4, world-ipv6"},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(representatives(t, c.policies, endpoints.Environment{CIDRs: c.cidrs}, c.kind), ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestRepresentativesAreOpen checks that representative endpoints are in openings, once each.
func TestRepresentativesAreOpen(t *testing.T) {
	t.Parallel()
	e := engineOf(t, documents(t, all(
		cnp("out", "{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: [{matchLabels: {app: db}}]}, {toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.0.0.0/16]}]}]}"),
		cnp("names", `{endpointSelector: {matchLabels: {app: web}}, egress: [{toFQDNs: [{matchName: api.example.com}, {matchPattern: "*.example.com"}]}]}`))), nil)
	if _, err := e.Representatives(endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil}}); err != nil {
		t.Fatal(err)
	}
	openings, err := e.Openings(pods["web"], flow.Egress)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range openings {
		got = append(got, opening(o))
	}
	want := []string{"1-65535/: *.example.com, api.example.com by acme/names", "1-65535/: 10.1.0.0, a pod with app=db in acme by acme/out"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEntitiesOfKnownEndpoints(t *testing.T) {
	t.Parallel()
	e := engineOf(t, documents(t, cnp("p", "{endpointSelector: {}, egress: [{toEntities: [all]}]}")), []endpoints.Endpoint{pods["web"]})
	if _, err := e.Representatives(endpoints.Environment{CIDRs: []string{"192.0.2.0/24"}}); err != nil {
		t.Fatal(err)
	}
	openings, err := e.Openings(pods["web"], flow.Egress)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range openings {
		for p := range o.Peers.All() {
			if p.Kind != endpoints.PodEndpoint {
				got = append(got, p.Name+": "+spell(p.Entities))
			}
		}
	}
	slices.Sort(got)
	want := []string{
		"192.0.2.0: all world world-ipv4", "health: all cluster health", "host: all cluster host", "ingress: all cluster ingress", "init: all cluster",
		"kube-apiserver: all cluster kube-apiserver remote-node", "kube-apiserver: all cluster kube-apiserver world world-ipv4", "kube-apiserver: all cluster kube-apiserver world world-ipv6",
		"remote-node: all cluster remote-node", "unmanaged: all cluster", "world-ipv4: all world world-ipv4", "world-ipv6: all world world-ipv6",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func spell(entities []v1alpha1.Entity) string {
	var out []string
	for _, e := range entities {
		out = append(out, string(e))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestRepresentativesAreStable(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		docs := newGenerator(seed).policies(t)
		surroundings := endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil, "beta": nil}}
		var got [2]string
		for i := range got {
			e, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, docs, allEndpoints())
			if err != nil {
				t.Fatal(err)
			}
			all, err := e.Representatives(surroundings)
			if err != nil {
				t.Fatal(err)
			}
			got[i] = fmt.Sprint(all)
		}
		if got[0] != got[1] {
			t.Errorf("seed %d: got\n%s\nand on the second run\n%s", seed, got[0], got[1])
		}
	}
}
