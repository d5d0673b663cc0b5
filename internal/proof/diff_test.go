package proof_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// comparedCases are golden cases of both enforcers: their inputs and the generated policies are a build.
var comparedCases = []string{
	"ports", "entities-and-networks", "http-host-and-headers", "both", "port-named-by-some-replicas", "nodes", "fqdn-with-narrowed-dns",
	"kubernetes-entities-and-networks", "kubernetes-external-peers",
}

// TestDiffIsTheDifferenceOfTwoReaches changes builds at random, and compares the differences with the
// connections that reach lists for each build by itself.
func TestDiffIsTheDifferenceOfTwoReaches(t *testing.T) {
	t.Parallel()
	changes := 12
	if testing.Short() {
		changes = 3
		t.Log("shortened by -short: 3 changes of each build, not 12")
	}
	compared := 0
	for _, name := range comparedCases {
		before := buildOfCase(t, name)
		old := mustAsk(t, before)
		for seed := range uint64(changes) {
			random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // Tests are repeatable.
			after := changed(t, before, random)
			now, err := subjectOf(after)
			if errors.Is(err, proof.ErrNoAnswer) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			compared++
			compareWithReach(t, fmt.Sprintf("%s, change %d", name, seed), old, now)
		}
	}
	if compared < changes {
		t.Errorf("only %d changes were compared", compared)
	}
}

// TestRenamedPoliciesAreNoDifference renames and reorders everything that is no pod.
func TestRenamedPoliciesAreNoDifference(t *testing.T) {
	t.Parallel()
	for _, name := range comparedCases {
		before := buildOfCase(t, name)
		var after []*yaml.RNode
		for _, n := range before {
			n = n.Copy()
			if resource.IsPolicy(n) {
				if err := n.SetName("renamed-" + n.GetName()); err != nil {
					t.Fatal(err)
				}
			}
			after = append(after, n)
		}
		slices.Reverse(after)
		now, err := subjectOf(after)
		if errors.Is(err, proof.ErrNoAnswer) {
			// Policies of other names are not as generated: without Tenants, they are hand-written.
			now, err = subjectOf(withoutInputs(after))
			before = withoutInputs(before)
		}
		if err != nil {
			t.Fatal(name, err)
		}
		if found, err := proof.Diff(mustAsk(t, before), now); err != nil || len(found) > 0 {
			t.Errorf("%s: %v %v", name, found, err)
		}
	}
}

func withoutInputs(all []*yaml.RNode) []*yaml.RNode {
	return slices.DeleteFunc(slices.Clone(all), func(n *yaml.RNode) bool {
		return strings.HasPrefix(n.GetApiVersion(), "tenantfence.dev/") && n.GetKind() != "FenceProfile"
	})
}

// buildOfCase returns the inputs and policies of a golden case.
func buildOfCase(t *testing.T, name string) []*yaml.RNode {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "generated", name, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no files: %v", name, err)
	}
	var out []*yaml.RNode
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		nodes, err := kio.FromBytes(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			if !slices.ContainsFunc(out, func(o *yaml.RNode) bool { return resource.ID(o) == resource.ID(n) }) {
				out = append(out, n)
			}
		}
	}
	return out
}

func subjectOf(items []*yaml.RNode) (proof.Subject, error) {
	var own []*yaml.RNode
	for _, n := range items {
		own = append(own, n.Copy())
	}
	return proof.Verification{Items: own}.Questions(proof.AsApplied)
}

func mustAsk(t *testing.T, items []*yaml.RNode) proof.Subject {
	t.Helper()
	s, err := subjectOf(items)
	if err != nil {
		t.Fatal(err, s.Findings)
	}
	return s
}

// changed removes a policy, a rule or a workload, or changes a label or a port.
func changed(t *testing.T, all []*yaml.RNode, random *rand.Rand) []*yaml.RNode {
	t.Helper()
	var out, policies, workloads []*yaml.RNode
	for _, n := range all {
		n = n.Copy()
		out = append(out, n)
		switch {
		case resource.IsPolicy(n):
			policies = append(policies, n)
		case n.GetKind() == "Deployment" || n.GetKind() == "StatefulSet":
			workloads = append(workloads, n)
		}
	}
	remove := func(n *yaml.RNode) {
		out = slices.DeleteFunc(out, func(o *yaml.RNode) bool { return o == n })
	}
	for range 1 + random.IntN(2) {
		policy := policies[random.IntN(len(policies))]
		direction := []string{"egress", "ingress"}[random.IntN(2)]
		switch random.IntN(4) {
		case 0:
			remove(policy)
		case 1:
			if len(workloads) > 0 {
				remove(workloads[random.IntN(len(workloads))])
			}
		case 2:
			if err := policy.PipeE(yaml.Lookup("spec", direction, "0", "toPorts", "0", "ports", "0"), yaml.SetField("port", yaml.NewStringRNode("1234"))); err != nil {
				t.Fatal(err)
			}
		case 3:
			if len(workloads) > 0 {
				at := workloads[random.IntN(len(workloads))]
				if err := at.PipeE(yaml.Lookup("spec", "template", "metadata", "labels"), yaml.SetField("app", yaml.NewStringRNode("changed"))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return out
}

// compareWithReach compares the differences of two builds with what reach lists for each.
func compareWithReach(t *testing.T, name string, old, now proof.Subject) {
	t.Helper()
	found, err := proof.Diff(old, now)
	if err != nil {
		t.Fatal(name, err)
	}
	before, _ := reached(t, old)
	after, protocols := reached(t, now)
	got := map[string]string{}
	for _, d := range found {
		if d.Source == report.LaterPod || d.Destination == report.LaterPod {
			continue // reach lists the names of later pods alone.
		}
		for _, pairs := range d.Pairs {
			for _, from := range pairs.From {
				for _, to := range pairs.To {
					for _, r := range d.Ports {
						// reach lists the connections of pods.
						if d.Kind != report.OneSided && !strings.Contains(from+to, "node/") && !strings.Contains(from+to, "a node ") {
							record(got, protocols, from+" -> "+to, r, string(d.Kind))
						}
					}
				}
			}
		}
	}
	want := map[string]string{}
	for key := range union(before, after) {
		a, b := before[key], after[key]
		switch {
		case a == b:
		case a == "":
			want[key] = string(report.Opened)
		case b == "":
			want[key] = string(report.Closed)
		default:
			want[key] = string(report.Changed)
		}
	}
	for key := range union(got, want) {
		if got[key] != want[key] {
			t.Errorf("%s: %s is %q, and the reaches differ as %q (%q, %q)", name, key, got[key], want[key], before[key], after[key])
		}
	}
}

func union(a, b map[string]string) map[string]bool {
	out := map[string]bool{}
	for _, m := range []map[string]string{a, b} {
		for key := range m {
			out[key] = true
		}
	}
	return out
}

// sampledPorts represent the ports that the cases and changes distinguish.
var sampledPorts = []uint16{1, 22, 53, 80, 443, 1000, 1234, 4317, 5432, 6443, 8000, 8080, 8443, 9090, 9200, 30000, 65535}

// record adds what is allowed on each sampled port of a range.
func record(to map[string]string, protocols []v1alpha1.Protocol, pair string, r flow.PortRange, text string) {
	for _, protocol := range protocols {
		if r.Protocol != "" && r.Protocol != protocol {
			continue
		}
		for _, port := range sampledPorts {
			if all := flow.AllPorts(protocol); r.Protocol == "" && port <= all.Last || r.Protocol != "" && r.First <= port && port <= r.Last {
				key := fmt.Sprintf("%s %d/%s", pair, port, protocol)
				to[key] = strings.Trim(to[key]+" "+text, " ")
			}
		}
	}
}

// reached returns the connections of each pod of a build, as reach lists them, on each sampled port.
func reached(t *testing.T, s proof.Subject) (map[string]string, []v1alpha1.Protocol) {
	t.Helper()
	q, err := s.Ask()
	if err != nil {
		t.Fatal(err)
	}
	out, protocols := map[string]string{}, q.View.Table().Protocols()
	for _, pod := range q.View.Set.Pods() {
		for _, d := range flow.Directions() {
			all, err := q.Connections(pod, d)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				if d == flow.Ingress && c.From.Kind == endpoints.PodEndpoint {
					continue
				}
				text := fmt.Sprint(c.L7(), flow.Verdict{Egress: c.Egress, Ingress: c.Ingress}.Decision())
				record(out, protocols, report.EndpointName(c.From)+" -> "+report.EndpointName(c.To), c.Ports, text)
			}
		}
	}
	return out, protocols
}
