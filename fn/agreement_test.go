package fn_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"go4.org/netipx"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/netpol"
)

// clusterAddresses are known to the evaluator of NetworkPolicy. Cilium needs none of them.
var clusterAddresses = netpol.Options{
	PodCIDRs: []string{"10.0.0.0/16", "fd00::/56"}, ServiceCIDRs: []string{"10.96.0.0/16"}, NodeCIDRs: []string{"172.20.0.0/24"}, APIServer: []string{"172.20.0.10"},
}

// The two engines are independent: one is Cilium's code, the other implements the documentation of
// Kubernetes. They agree on every NetworkPolicy and flow, except for the listed differences.
func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	skipInShort(t, "compares two engines on 400 random inputs")
	compared, differing := 0, map[string]int{}
	for seed := range uint64(400) {
		d := policyGenerator{newSource(seed)}
		docs, policies := d.policies(t)
		engine1, kubernetes := bothEngines(t, docs)
		for range 40 {
			f := d.flow()
			c, err := engine1.Decide(f)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			k, err := kubernetes.Decide(f)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for _, s := range sides(f, policies) {
				why := s.differences()
				same := s.of(c).Decision == s.of(k).Decision
				switch {
				case len(why) == 0 && len(s.selected) > 0:
					compared++
				case len(why) == 1 && !same:
					differing[why[0]]++
				}
				if len(why) == 0 && !same {
					t.Errorf("seed %d: %s, %s: Cilium decides %s, NetworkPolicy %s (%s)\n%s", seed, f, s.direction, s.of(c), s.of(k), k.Note, printed(docs))
				}
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("compared %d sides of flows that a policy selects; set apart: %v", compared, differing)
	if compared < 6000 {
		t.Errorf("compared %d sides of flows that a policy selects alone: the rest was set apart", compared)
	}
	for name, d := range differences {
		if d.applies != nil && differing[name] == 0 {
			t.Errorf("%s: no random flow differs by this alone: remove the exception", name)
		}
	}
}

// Every difference is shown.
func TestDifferencesOfEngines(t *testing.T) {
	for name, d := range differences {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := yaml.YAMLToJSON([]byte("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: acme, name: p}\nspec: " + d.policy))
			if err != nil {
				t.Fatal(err)
			}
			engine1, kubernetes := bothEngines(t, []json.RawMessage{doc})
			c, err := engine1.Decide(d.flow)
			if err != nil || c.Decision() != d.cilium {
				t.Errorf("%s: Cilium decides %v %v, want %s", d.flow, c, err, d.cilium)
			}
			k, err := kubernetes.Decide(d.flow)
			if d.kubernetes == "" {
				if err == nil {
					t.Errorf("%s: got %v, want an error", d.flow, k)
				}
				return
			}
			if err != nil || k.Decision() != d.kubernetes {
				t.Errorf("%s: NetworkPolicy is %v %v, want %s", d.flow, k, err, d.kubernetes)
			}
			set := false
			for _, s := range sides(d.flow, parsePolicies(t, doc)) {
				set = set || slices.Contains(s.differences(), name)
			}
			if !set {
				t.Error("random flows like this one are not set apart")
			}
		})
	}
}

// difference is a class of flows that the engines decide differently.
type difference struct {
	why, policy        string
	flow               flow.Flow
	cilium, kubernetes flow.Decision // no decision: an error
	// applies reports whether a side of a flow belongs to the class. Without it no random flow does.
	applies func(flowSide) bool
}

var differences map[string]difference

// The predicates go through the differences, and so are set here.
func init() {
	web, everywhere := podNamed("web"), "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}]}"
	to := func(ep endpoints.Endpoint) flow.Flow { return flow.Flow{From: web, To: ep, Port: 80} }
	from := func(ep endpoints.Endpoint) flow.Flow { return flow.Flow{From: ep, To: web, Port: 80} }
	differences = map[string]difference{
		"pods by their addresses": {
			why:    "Cilium knows pods by their identity, and no ipBlock matches them",
			policy: everywhere, flow: to(podNamed("other")), cilium: flow.Denied, kubernetes: flow.Allowed,
			applies: func(s flowSide) bool {
				return s.peer.Kind == endpoints.PodEndpoint && s.anyBlock(func(b *netipx.IPSet) bool { return b.Overlaps(setOf(clusterAddresses.PodCIDRs)) })
			},
		},
		"nodes by their addresses": {
			why:    "Cilium knows nodes by their identity, and no ipBlock matches them",
			policy: everywhere, flow: to(entityNamed("remote-node")), cilium: flow.Denied, kubernetes: flow.Allowed,
			applies: func(s flowSide) bool {
				return s.peerIs("host", "remote-node") && s.anyBlock(func(b *netipx.IPSet) bool { return b.Overlaps(setOf(clusterAddresses.NodeCIDRs)) })
			},
		},
		"the apiserver by its addresses": {
			why:    "Cilium identifies an apiserver in the cluster by its identity, and the address of the apiserver is not configured",
			policy: everywhere, flow: to(entityNamed("kube-apiserver")), cilium: flow.Depends, kubernetes: flow.Allowed,
			applies: func(s flowSide) bool {
				return s.peerIs("kube-apiserver") && s.anyBlock(func(b *netipx.IPSet) bool {
					return b.Overlaps(setOf([]string{"172.20.0.10/32"})) || b.Contains(netip.MustParseAddr("203.0.113.77")) || b.Contains(netip.MustParseAddr("2001:db8:77::"))
				})
			},
		},
		"a part of the world": {
			why:    "to Cilium the world is the rest of it, in none of the policies' networks; to NetworkPolicy it is any of its addresses",
			policy: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}", flow: to(entityNamed("world")), cilium: flow.Denied, kubernetes: flow.Depends,
			applies: func(s flowSide) bool {
				return (s.peer.Kind == endpoints.NameEndpoint || s.peerIs("world", "world-ipv4", "world-ipv6")) && s.anyBlock(s.partOfWorld)
			},
		},
		"an address of the pods": {
			why:    "Cilium takes an address for one outside the cluster; here it is some pod's",
			policy: "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}", flow: from(addressNamed("10.0.3.4")), cilium: flow.Denied, kubernetes: flow.Depends,
			applies: func(s flowSide) bool { return s.addressIn(clusterAddresses.PodCIDRs) },
		},
		"an address of the nodes": {
			why:    "Cilium takes an address for one outside the cluster; here it may be the pod's own node, which always reaches it",
			policy: "{podSelector: {}}", flow: from(addressNamed("172.20.0.7")), cilium: flow.Denied, kubernetes: flow.Depends,
			applies: func(s flowSide) bool {
				return s.direction == flow.Ingress && s.addressIn(clusterAddresses.NodeCIDRs)
			},
		},
		"labels that are no part of the identity": {
			why:    "Cilium leaves labels that change with every rollout out of the identity, and then they select nothing",
			policy: "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod-template-hash: '1'}}}]}]}", flow: from(podNamed("hashed")), cilium: flow.Denied, kubernetes: flow.Allowed,
			applies: flowSide.selectsHash,
		},
		"rules of a direction that policyTypes leaves out": {
			why:    "Cilium enforces rules of a direction that policyTypes omits, and Kubernetes ignores them",
			policy: "{podSelector: {}, policyTypes: [Ingress], egress: [{to: [{podSelector: {}}]}]}", flow: to(podNamed("other")), cilium: flow.Denied, kubernetes: flow.Allowed,
			applies: flowSide.leftOut,
		},
		"an address of the Services": {
			why:    "policies see the pods behind it; Cilium's engine takes any address for one outside the cluster",
			policy: everywhere, flow: to(addressNamed("10.96.0.1")), cilium: flow.Allowed,
		},
		"Cilium's health checks": {
			why:    "they do not exist without Cilium",
			policy: everywhere, flow: to(entityNamed("health")), cilium: flow.Denied,
		},
		"Cilium's ingress": {
			why:    "it does not exist without Cilium",
			policy: everywhere, flow: to(entityNamed("ingress")), cilium: flow.Denied,
		},
	}
}

// Both engines accept the same policies, except for unknown fields.
func TestEnginesRejectTheSame(t *testing.T) {
	for spec, accepted := range map[string]struct{ cilium, kubernetes bool }{
		"{podSelector: {}}": {true, true},
		"{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}]}]}":                       {true, true},
		"{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}":                         {false, false},
		"{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]}": {false, false},
		"{podSelector: {}, ingress: [{from: [{}]}]}":                                                  {false, false},
		"{podSelector: {}, ingress: [{ports: [{port: 80, endPort: 79}]}]}":                            {false, false},
		"{podSelector: {}, ingress: [{ports: [{port: http, endPort: 79}]}]}":                          {false, false},
		"{podSelector: {}, ingress: [{ports: [{port: 0}]}]}":                                          {false, false},
		"{podSelector: {}, ingress: [{ports: [{port: 80, protocol: ICMP}]}]}":                         {false, false},
		"{podSelector: {}, policyTypes: [Both]}":                                                      {false, false},
		"{podSelector: {matchExpressions: [{key: a, operator: In}]}}":                                 {false, false},
		"{podSelector: {matchLabel: {a: b}}}":                                                         {true, false},
	} {
		doc, err := yaml.YAMLToJSON([]byte("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: acme, name: p}\nspec: " + spec))
		if err != nil {
			t.Fatal(err)
		}
		_, engine1 := engine.Read(engine.Options{Agent: cilium.AllFeatures()}, []json.RawMessage{doc})
		_, kubernetes := netpol.Read(clusterAddresses, []json.RawMessage{doc})
		if (engine1 == nil) != accepted.cilium || (kubernetes == nil) != accepted.kubernetes {
			t.Errorf("%s: Cilium accepts: %v, NetworkPolicy: %v", spec, engine1, kubernetes)
		}
	}
}

func bothEngines(t *testing.T, docs []json.RawMessage) (one, other *flowtest.Engine) {
	t.Helper()
	p, err := engine.Read(engine.Options{Agent: cilium.AllFeatures()}, docs)
	c, err := flowtest.New(p, err, agreementPods())
	if err != nil {
		t.Fatalf("%v\n%s", err, printed(docs))
	}
	q, err := netpol.Read(clusterAddresses, docs)
	k, err := flowtest.New(q, err, agreementPods())
	if err != nil {
		t.Fatalf("%v\n%s", err, printed(docs))
	}
	return c, k
}

func printed(docs []json.RawMessage) string {
	var out strings.Builder
	for _, d := range docs {
		fmt.Fprintln(&out, string(d))
	}
	return out.String()
}

func agreementPods() []endpoints.Endpoint {
	http := func(port uint16) []endpoints.NamedPort { return []endpoints.NamedPort{{Name: "http", Port: port}} }
	pod := func(name, ns, app string, ports ...endpoints.NamedPort) endpoints.Endpoint {
		return endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: name, Namespace: ns, Labels: map[string]string{"app": app}, Ports: ports}
	}
	hashed, team := pod("hashed", "acme", "hashed"), pod("team", "gamma", "web", http(80)...)
	hashed.Labels["pod-template-hash"], team.NamespaceLabels = "1", map[string]string{"team": "red"}
	return []endpoints.Endpoint{
		pod("web", "acme", "web", http(8080)...), pod("db", "acme", "db", http(9090)...), pod("other", "beta", "web"), hashed, team,
		pod("dns", "kube-system", "coredns", endpoints.NamedPort{Name: "dns", Port: 53, Protocol: v1alpha1.UDP}),
		pod("named-a", "acme", "named", http(8080)...), pod("named-b", "acme", "named", http(8081)...),
	}
}

func podNamed(name string) endpoints.Endpoint {
	all := agreementPods()
	return all[slices.IndexFunc(all, func(p endpoints.Endpoint) bool { return p.Name == name })]
}

func entityNamed(name string) endpoints.Endpoint {
	return endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: name}
}

func addressNamed(name string) endpoints.Endpoint {
	return endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: name}
}

func parsePolicies(t *testing.T, docs ...json.RawMessage) []networkingv1.NetworkPolicy {
	t.Helper()
	out := make([]networkingv1.NetworkPolicy, len(docs))
	for i, doc := range docs {
		if err := json.Unmarshal(doc, &out[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
