package reach

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// randomView returns a view of random openings of each direction and pod, and these.
func randomView(t *testing.T, r *rand.Rand) (*flow.View, map[string]flow.Openings) {
	t.Helper()
	var known []endpoints.Endpoint
	for i, namespace := range []string{"acme", "acme", "acme", "beta", "beta", "shop"} {
		name := fmt.Sprint("pod", i)
		known = append(known, endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: namespace + "/" + name, Namespace: namespace, Labels: map[string]string{"app": name}, Representative: i%2 == 1})
	}
	for _, entity := range []v1alpha1.Entity{v1alpha1.EntityWorld, v1alpha1.EntityHost, v1alpha1.EntityKubeAPIServer} {
		known = append(known, endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: string(entity), Entities: []v1alpha1.Entity{entity}})
	}
	known = append(known, endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: "192.0.2.1"}, endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: "api.example.com"})
	openings := map[string]flow.Openings{}
	for _, pod := range known[:6] {
		for _, d := range flow.Directions() {
			openings[string(d)+" "+pod.Name] = randomOpenings(r, known)
		}
	}
	view, err := flow.Compile(flowtest.Openings(func(at endpoints.Endpoint, d flow.Direction) flow.Openings {
		return openings[string(d)+" "+at.Name]
	}), endpoints.NewSet(known))
	if err != nil {
		t.Fatal(err)
	}
	return view, openings
}

// randomOpenings have at most one opening for a port, so that no pair is in two with the same ports.
func randomOpenings(r *rand.Rand, known []endpoints.Endpoint) flow.Openings {
	rules := []flow.L7{{}, {}, flow.HTTPOf(flow.HTTPRule{Method: "GET"}, flow.HTTPRule{Path: "/a"}), flow.DNSFor("a.example", "b.example")}
	var out flow.Openings
	for port := range uint16(4) {
		o := flow.Opening{Ports: tcp(10*port, 10*port+uint16(r.IntN(3))), L7: rules[r.IntN(len(rules))]}
		var peers []endpoints.Endpoint
		for _, peer := range known {
			if r.IntN(2) == 0 {
				peers = append(peers, peer)
			}
		}
		o.Peers = flow.NewPeerSet(peers...)
		for _, name := range []string{"acme/by-hand", "acme/generated", "debug"} {
			if r.IntN(2) == 0 {
				o.Policies = append(o.Policies, flow.PolicyID{Name: name})
			}
		}
		if o.Peers.Len() > 0 && len(o.Policies) > 0 {
			out = append(out, o)
		}
	}
	return out
}

func randomSearch(view *flow.View) *search {
	f := &policy.Fence{Name: "platform", Grants: []policy.Grant{
		{From: policy.Peer{Kind: policy.Pods, Namespace: "acme"}, To: policy.Peer{Kind: policy.Pods, Namespace: "beta"}, Ports: []flow.Port{{Port: 11, Protocol: v1alpha1.TCP}}},
	}}
	f = f.WithOwners(
		&policy.Owner{Name: "acme", Namespaces: []string{"acme"}, Enforcement: v1alpha1.Enforce},
		&policy.Owner{Name: "beta", Namespaces: []string{"beta"}, Enforcement: v1alpha1.AllowOnly},
	)
	index, _ := resource.NewIndex(nil)
	p := Proof{View: view, Fence: f, Endpoints: Endpoints{Index: index, Fence: f}, Policies: map[flow.PolicyID]*resource.Policy{}}
	for name, fence := range map[string]string{"acme/by-hand": "", "acme/generated": "platform", "debug": ""} {
		p.Policies[flow.PolicyID{Name: name}] = &resource.Policy{Ref: report.Ref{Kind: "CiliumNetworkPolicy", Name: name}, Fence: fence}
	}
	return p.newSearch()
}

// openPair is one undeclared opening between a source and a destination.
func openPair(d flow.Direction, from, to string, o flow.Opening) string {
	return fmt.Sprintf("%s: %s -> %s: %s, %s by %s", d, from, to, o.Ports, o.L7, strings.Join(o.Policies.Names(), "+"))
}

// TestGroupingKeepsEveryOpening compares the undeclared openings of each pair, before they are
// grouped, with those in the groups.
func TestGroupingKeepsEveryOpening(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		view, openings := randomView(t, rand.New(rand.NewPCG(seed, 1)))
		s := randomSearch(view)
		want := map[string]int{}
		for _, pod := range s.fenced(view.Set.Known()) {
			for _, d := range flow.Directions() {
				v := s.expectation.viewOf(pod, d)
				for _, o := range openings[string(d)+" "+pod.Name] {
					for peer := range o.Peers.All() {
						from, to := pod.Name, peer.Name
						if d == flow.Ingress {
							from, to = to, from
						}
						for _, rest := range v.undeclared(o, *peer) {
							want[openPair(d, from, to, rest)]++
						}
					}
				}
				if err := s.search(pod, d); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, counted := map[string]int{}, 0
		for _, g := range s.group(s.leaks.list) {
			for _, l := range g.leaks {
				counted += l.count
			}
			for _, line := range g.pairLines() {
				addPairs(got, line)
			}
		}
		if !maps.Equal(got, want) || counted != sum(want) || counted == 0 {
			t.Fatalf("seed %d: %d openings in groups, %d counted, %d before grouping", seed, sum(got), counted, sum(want))
		}
		checkFindings(t, s)
	}
}

func addPairs(got map[string]int, line *pairLine) {
	for _, l := range line.leaks {
		for _, from := range line.sources {
			for _, to := range line.destinations {
				got[openPair(l.direction, from, to, l.opening)]++
			}
		}
	}
}

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// checkFindings expects a finding of each group, the worst that its leaks have, with all endpoints
// in its details.
func checkFindings(t *testing.T, s *search) {
	t.Helper()
	findings, groups := s.findings(), s.group(s.leaks.list)
	if len(findings) != len(groups) {
		t.Fatalf("%d findings of %d groups", len(findings), len(groups))
	}
	for i, g := range groups {
		f := findings[i]
		if g.open != anyOpen(g.leaks) || (f.Check == report.UndeclaredOpen) != g.open {
			t.Errorf("%s: open is %v", f, anyOpen(g.leaks))
		}
		text := strings.Join(append([]string{f.Message}, f.Details...), "\n")
		for _, l := range g.leaks {
			missing := slices.DeleteFunc(slices.Concat(l.subjects.list, l.peers.list), func(name string) bool { return strings.Contains(text, name) })
			if len(missing) > 0 || f.Severity != l.severity() {
				t.Errorf("%s\n%s: %v are missing, severity %s", f, strings.Join(f.Details, "\n"), missing, l.severity())
			}
		}
	}
}
