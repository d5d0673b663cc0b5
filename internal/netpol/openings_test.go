package netpol_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
)

var surroundings = endpoints.Environment{
	Namespaces: map[string]map[string]string{"acme": nil, "beta": nil, "gamma": {"team": "red"}, "kube-system": nil}, CIDRs: []string{"198.51.100.0/24"},
}

func representatives(tb testing.TB, e *flowtest.Engine) []endpoints.Endpoint {
	tb.Helper()
	known, err := e.Representatives(surroundings)
	if err != nil {
		tb.Fatal(err)
	}
	return known
}

func openings(tb testing.TB, e *flowtest.Engine, pod endpoints.Endpoint, d flow.Direction) []flow.Opening {
	tb.Helper()
	out, err := e.Openings(pod, d)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// spell writes openings a line each.
func spell(all []flow.Opening) string {
	var out []string
	for _, o := range all {
		var peers []string
		for p := range o.Peers.All() {
			peers = append(peers, p.Name)
		}
		out = append(out, fmt.Sprintf("%d-%d/%s by %s: %s", o.Ports.First, o.Ports.Last, o.Ports.Protocol, o.Policies, strings.Join(peers, "; ")))
	}
	return strings.Join(out, "\n")
}

func TestOpenings(t *testing.T) {
	for desc, c := range map[string]struct {
		policies, want string
		direction      flow.Direction
	}{
		"what nothing isolates is one opening without policies and peers": {
			"", "1-65535/ by : ", flow.Ingress,
		},
		"an isolated pod has none": {
			np("deny", "{podSelector: {}}"), "", flow.Ingress,
		},
		"pods in their namespace, and representative pods": {
			np("own", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {tier: api}}}], ports: [{port: http}]}]}"),
			"8080-8080/TCP by acme/own: a pod with tier=api in acme", flow.Ingress,
		},
		"another namespace, there or not": {
			np("red", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: web}}}]}]}"),
			"1-65535/ by acme/red: gamma/web; a pod with app=web in a namespace outside the build with team=red", flow.Ingress,
		},
		"a namespace that is named, and not there": {
			np("named", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: later}}}]}]}"),
			"1-65535/ by acme/named: a pod without labels in later", flow.Ingress,
		},
		"a block outside the cluster is an address in it, and neither pods nor the rest of the world": {
			np("block", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.0/25]}}]}]}"),
			"1-65535/ by acme/block: 192.0.2.128", flow.Egress,
		},
		"a part of the pods' range is every pod": {
			np("part", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{port: 80}]}]}"),
			"80-80/TCP by acme/part: acme/web; acme/db; beta/web; gamma/web; kube-system/coredns; a pod without labels in acme; a pod without labels in beta; " +
				"a pod without labels in gamma; a pod without labels in kube-system; a pod without labels in a namespace outside the build", flow.Egress,
		},
		"partial peers are listed policy by policy": {
			all(np("a", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 172.20.0.10/32}}], ports: [{port: 443}]}]}"),
				np("b", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 172.20.0.0/28}}], ports: [{port: 443}]}]}")),
			"443-443/TCP by acme/a, acme/b: 172.20.0.10\n443-443/TCP by acme/b: kube-apiserver; 172.20.0.0; 172.20.0.11", flow.Egress,
		},
		"all nodes are the own one, too": {
			np("nodes", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 172.20.0.0/24}}]}]}"),
			"1-65535/ by acme/nodes: host; remote-node; kube-apiserver; 172.20.0.0; 172.20.0.10", flow.Egress,
		},
		"every peer": {
			np("open", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/16, 172.20.0.0/24]}}, {ipBlock: {cidr: '::/0', except: ['fd00::/56']}}], ports: [{protocol: TCP}, {protocol: UDP}]}]}"),
			"1-65535/TCP by acme/open: world-ipv4; world-ipv6; 198.51.100.0\n1-65535/UDP by acme/open: world-ipv4; world-ipv6; 198.51.100.0", flow.Egress,
		},
		"that the node reaches its pods is no opening": {
			np("own", "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: db}}}]}]}"),
			"1-65535/ by acme/own: acme/db", flow.Ingress,
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			e := build(t, addresses, documents(t, c.policies))
			representatives(t, e)
			if diff := cmp.Diff(c.want, spell(openings(t, e, pods["web"], c.direction))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The entities of an address are those that a case may have named instead.
func TestEntities(t *testing.T) {
	t.Parallel()
	opts := addresses
	opts.APIServer = append(slices.Clone(opts.APIServer), "203.0.113.1")
	e := build(t, opts, documents(t, np("open", "{podSelector: {}, ingress: [{}]}")))
	representatives(t, e)
	got := map[string][]string{}
	for p := range openings(t, e, pods["web"], flow.Ingress)[0].Peers.All() {
		got[p.Name] = append(got[p.Name], fmt.Sprint(p.Entities))
	}
	for name, want := range map[string][]string{
		"acme/db": {"[all cluster]"}, "host": {"[all host remote-node cluster]"}, "remote-node": {"[all remote-node cluster]"},
		"kube-apiserver": {"[all kube-apiserver remote-node cluster]", "[all kube-apiserver cluster world world-ipv4]"},
		"172.20.0.10":    {"[all kube-apiserver cluster remote-node cluster]"}, "203.0.113.1": {"[all kube-apiserver cluster world world-ipv4]"},
		"world-ipv6": {"[all world-ipv6 world]"}, "198.51.100.0": {"[all world world-ipv4]"},
	} {
		if !slices.Equal(got[name], want) {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
}

// Random policies: what is open is what is not denied. The world, nodes and the apiserver represent
// fewer addresses in an opening than in a flow.
func TestOpeningsMatchDecisions(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped by -short: compares openings and decisions of 150 random policies")
	}
	for seed := range uint64(150) {
		d := newGenerator(seed)
		e := build(t, addresses, d.policies(t))
		known := representatives(t, e)
		for _, pod := range pods {
			for _, dir := range []flow.Direction{flow.Ingress, flow.Egress} {
				all := openings(t, e, pod, dir)
				for range 20 {
					agree(t, e, all, d.flow(pod, pick(d, known...), dir), dir)
				}
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func agree(t *testing.T, e *flowtest.Engine, all []flow.Opening, f flow.Flow, dir flow.Direction) {
	t.Helper()
	v, err := e.Decide(f)
	if err != nil {
		t.Errorf("%s: %v", f, err)
		return
	}
	side, peer := v.Egress, f.To
	if dir == flow.Ingress {
		side, peer = v.Ingress, f.From
	}
	isolated := len(all) != 1 || len(all[0].Policies) > 0
	if peer.Name == "host" && dir == flow.Ingress && isolated && len(side.Policies) == 0 {
		side.Decision = flow.Denied
	}
	open := false
	for _, o := range all {
		on := o.Ports.Protocol == "" || o.Ports.Protocol == f.Protocol && o.Ports.First <= f.Port && f.Port <= o.Ports.Last
		isPeer := len(o.Policies) == 0 || slices.ContainsFunc(o.Peers.Endpoints(), func(p endpoints.Endpoint) bool { return p.Name == peer.Name && p.Namespace == peer.Namespace })
		open = open || on && isPeer
	}
	switch {
	case open && side.Decision == flow.Denied:
		t.Errorf("%s: %s is open, and denied", f, dir)
	case !open && side.Decision == flow.Allowed && peer.Kind != endpoints.EntityEndpoint:
		t.Errorf("%s: %s is not open, and allowed", f, dir)
	case !open && side.Decision == flow.Depends && peer.Kind == endpoints.PodEndpoint:
		t.Errorf("%s: %s is not open, and depends: %s", f, dir, v.Note)
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		d := newGenerator(seed)
		docs := d.policies(t)
		var got [2]string
		for i := range got {
			e := build(t, addresses, docs)
			for _, ep := range representatives(t, e) {
				got[i] += ep.Name + "\n"
			}
			for _, name := range slices.Sorted(maps.Keys(pods)) {
				got[i] += spell(openings(t, e, pods[name], flow.Ingress)) + spell(openings(t, e, pods[name], flow.Egress))
			}
			slices.Reverse(docs)
		}
		if got[0] != got[1] {
			t.Fatalf("seed %d: %s", seed, cmp.Diff(got[0], got[1]))
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	d := newGenerator(1)
	e := build(t, addresses, d.policies(t))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := e.Representatives(surroundings); err != nil {
				t.Error(err)
			}
			if _, err := e.Openings(pods["web"], flow.Ingress); err != nil {
				t.Error(err)
			}
			if _, err := e.Decide(flow.Flow{From: pods["db"], To: pods["web"], Port: 80}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// Openings of all pods of many tenants cost what policies name.
func TestManyTenants(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped by -short: decides for many tenants")
	}
	var docs []json.RawMessage
	var workloads []endpoints.Endpoint
	namespaces := map[string]map[string]string{}
	for i := range 400 {
		ns := fmt.Sprintf("tenant-%d", i)
		namespaces[ns] = nil
		for _, app := range []string{"web", "db", "job"} {
			workloads = append(workloads, pod(ns, app))
		}
		for name, spec := range map[string]string{
			"deny": "{podSelector: {}, policyTypes: [Ingress, Egress]}",
			"own":  "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}], egress: [{to: [{podSelector: {}}]}]}",
			"dns":  "{podSelector: {}, egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{port: 53, protocol: UDP}]}]}",
			"out":  fmt.Sprintf("{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 192.0.%d.0/24}}], ports: [{port: 443}]}]}", i%250),
		} {
			docs = append(docs, documents(t, strings.ReplaceAll(np(name, spec), "namespace: acme", "namespace: "+ns))...)
		}
	}
	e, err := newEngine(addresses, docs, workloads)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Representatives(endpoints.Environment{Namespaces: namespaces}); err != nil {
		t.Fatal(err)
	}
	for _, w := range workloads {
		in, out := openings(t, e, w, flow.Ingress), openings(t, e, w, flow.Egress)
		if len(in) != 1 || len(out) != 3 || out[1].Ports.Protocol != v1alpha1.TCP && out[1].Ports.Protocol != v1alpha1.UDP {
			t.Fatalf("%s: %s\n%s", w.Name, spell(in), spell(out))
		}
	}
}
