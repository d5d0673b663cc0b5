package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// TestPatternsAreNoNames compiles policies with and without a pattern for the same endpoints: openings list
// the pattern where policies contain it, and no flow has it as its name.
func TestPatternsAreNoNames(t *testing.T) {
	t.Parallel()
	web := endpoints.Endpoint{Kind: endpoints.PodEndpoint, Namespace: "acme", Name: "web", Labels: map[string]string{"app": "web"}}
	pattern := endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: "*.cdn.example.com"}
	read := func(egress string) *Program {
		p, err := Read(Options{Agent: cilium.AllFeatures()}, []json.RawMessage{json.RawMessage(
			`{"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"namespace": "acme", "name": "web"}, "spec": {"endpointSelector": {}, "egress": [` + egress + `]}}`)})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	with, without := read(`{"toFQDNs": [{"matchPattern": "*.cdn.example.com"}]}`), read(`{}`)
	set := endpoints.NewSet([]endpoints.Endpoint{web})
	if err := set.AddRepresentatives(endpoints.Environment{}, with.Selections(), without.Selections()); err != nil {
		t.Fatal(err)
	}
	for p, listed := range map[*Program]bool{with: true, without: false} {
		view, err := flow.Compile(p, set)
		if err != nil {
			t.Fatal(err)
		}
		openings, err := view.Openings(web, flow.Egress)
		if err != nil {
			t.Fatal(err)
		}
		isPattern := func(ep *endpoints.Endpoint) bool { return ep.Name == pattern.Name }
		if got := openings.Allow(flow.AllPorts(""), isPattern); got != listed {
			t.Errorf("openings list the pattern: %t, want %t", got, listed)
		}
		v, err := view.Decide(flow.Flow{From: web, To: pattern, Port: 443})
		if err == nil || !strings.Contains(err.Error(), "is not a DNS name") {
			t.Errorf("a flow to the pattern is %v, %v, want an error", v, err)
		}
	}
}
