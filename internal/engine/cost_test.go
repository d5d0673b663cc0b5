package engine_test

import (
	"fmt"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// BenchmarkEveryPairOfTenants decides all pairs of 200 pods in 100 namespaces. Each namespace
// is isolated, and allows its own pods.
func BenchmarkEveryPairOfTenants(b *testing.B) {
	var policies string
	var all []endpoints.Endpoint
	for i := range 100 {
		ns := fmt.Sprintf("tenant-%d", i)
		policies += "\n---\n" + in(ns, "own", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}], egress: [{toEndpoints: [{}]}]}")
		all = append(all, pod(ns, "web"), pod(ns, "db"))
	}
	docs := documents(b, policies)
	for b.Loop() {
		e, err := newEngine(engine.Options{Agent: cilium.AllFeatures()}, docs, all)
		if err != nil {
			b.Fatal(err)
		}
		for _, from := range all {
			for _, to := range all {
				if _, err := e.Decide(flow.Flow{From: from, To: to, Port: 80}); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}
