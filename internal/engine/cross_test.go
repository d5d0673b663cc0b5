package engine_test

import (
	"encoding/json"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
)

const seeds = 150

// TestThreeEnginesAgree checks that the engine decides as the documentation of policies states,
// and as Cilium's own simulator decides, which evaluates one rule after the other.
func TestThreeEnginesAgree(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped by -short: compares three engines on random policies")
	}
	decisions := map[flow.Decision]int{}
	requests := map[flow.Decision]int{}
	simulated := 0
	for seed := range uint64(seeds) {
		d := newGenerator(seed)
		docs := d.policies(t)
		e, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, docs, nil)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, docs)
		}
		n, s := readNaively(t, docs), readForSimulator(t, docs)
		for range 80 {
			f := d.flow()
			v, err := e.Decide(f)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, docs)
			}
			for dir, got := range map[flow.Direction]flow.Side{flow.Egress: v.Egress, flow.Ingress: v.Ingress} {
				pod, peer := f.From, f.To
				if dir == flow.Ingress {
					pod, peer = peer, pod
				}
				if pod.Kind == endpoints.EntityEndpoint && (pod.Name == "ingress" || pod.Name == "health") {
					// Cilium's own endpoints: TestOwnEndpoints decides these.
					continue
				}
				decisions[got.Decision]++
				if f.HTTP != nil && !got.L7.Unrestricted() {
					requests[got.Decision]++
				}
				if want := n.side(dir, pod, peer, f); got.Decision != want {
					t.Fatalf("seed %d: %s of %s: got %+v, naively %s\n%s", seed, dir, f, got, want, docs)
				}
				want, ok := s.side(dir, pod, peer, f)
				if simulated++; !ok {
					simulated--
				} else if got.Decision != want {
					t.Fatalf("seed %d: %s of %s: got %+v, simulated %s\n%s", seed, dir, f, got, want, docs)
				}
			}
		}
	}
	for _, decision := range []flow.Decision{flow.Allowed, flow.Denied, flow.Depends, flow.NotEnforced} {
		if decisions[decision] < 100 {
			t.Errorf("only %d of all sides are %s: change the generator", decisions[decision], decision)
		}
	}
	if requests[flow.Allowed] < 20 || requests[flow.Denied] < 20 {
		t.Errorf("only %v requests depend on rules", requests)
	}
	if simulated < seeds*20 {
		t.Errorf("only %d sides were simulated", simulated)
	}
}

// TestKnownDisagreements lists where Cilium differs from the documentation.
func TestKnownDisagreements(t *testing.T) {
	for desc, c := range map[string]struct {
		why, policies, flow string
		engine, naive       flow.Decision
	}{
		"egress rules of a NetworkPolicy without type Egress": {
			"Kubernetes ignores them, and Cilium's parser enforces any direction with rules",
			netpol("p", "{podSelector: {}, policyTypes: [Ingress], egress: [{to: [{podSelector: {}}]}]}"),
			"web -> other:8080", flow.Denied, flow.Allowed,
		},
		"ingress rules of a NetworkPolicy without type Ingress": {
			"Cilium's parser enforces any direction with rules",
			netpol("p", "{podSelector: {}, policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]}"),
			"other -> web:8080", flow.Denied, flow.Allowed,
		},
		"a named port with two numbers in one identity, before Cilium 1.20": {
			"Cilium resolves named ports of egress rules by identity, and ignores ambiguous ones",
			cnp("p", `{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: api, protocol: TCP}]}]}]}`),
			"web -> pair:8081", flow.Denied, flow.Allowed,
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			docs := documents(t, c.policies)
			samePods := []endpoints.Endpoint{pod("acme", "pair", endpoints.NamedPort{Name: "api", Port: 8081}), pod("acme", "pair", endpoints.NamedPort{Name: "api", Port: 9091})}
			e, err := newEngine(engine.Options{Agent: agentOf(true, 19)}, docs, samePods)
			if err != nil {
				t.Fatal(err)
			}
			f := parseFlow(t, c.flow)
			if f.To.Name == "pair" {
				f.To = samePods[0]
			}
			v, err := e.Decide(f)
			if err != nil || v.Decision() != c.engine {
				t.Errorf("got %v, %v, want %s, for %s", v, err, c.engine, c.why)
			}
			n := readNaively(t, docs)
			naively := flow.Verdict{Egress: flow.Side{Decision: n.side(flow.Egress, f.From, f.To, f)}, Ingress: flow.Side{Decision: n.side(flow.Ingress, f.To, f.From, f)}}
			if naively.Decision() != c.naive {
				t.Errorf("naively %s, want %s: no longer a disagreement?", naively.Decision(), c.naive)
			}
		})
	}
}

// TestDocumentsAreNotChanged checks that an engine does not modify its input.
func TestDocumentsAreNotChanged(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		docs := newGenerator(seed).policies(t)
		before, err := json.Marshal(docs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, docs, allEndpoints()); err != nil {
			t.Fatal(err)
		}
		if after, err := json.Marshal(docs); err != nil || string(after) != string(before) {
			t.Errorf("seed %d: got %s, %v, want %s", seed, after, err, before)
		}
	}
}
