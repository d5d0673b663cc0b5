package engine_test

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// TestSelectorsSeeNoPlaces decides flows to what is outside the cluster where selectors require something of the
// namespace. Nothing outside has one.
func TestSelectorsSeeNoPlaces(t *testing.T) {
	t.Parallel()
	outside := []endpoints.Endpoint{
		{Kind: endpoints.AddressEndpoint, Name: "192.0.2.1"}, {Kind: endpoints.AddressEndpoint, Name: "2001:db8::1"}, {Kind: endpoints.NameEndpoint, Name: "api.example.com"},
	}
	const names = "{toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': kube-system}}], toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]}, {toFQDNs: [{matchName: api.example.com}], toPorts: [{ports: [{port: '1'}]}]}, {toCIDR: [192.0.2.0/24, '2001:db8::/32'], toPorts: [{ports: [{port: '1'}]}]}"
	for requirement, matches := range map[string]bool{
		"operator: Exists":                   false,
		"operator: In, values: [acme, beta]": false,
		"operator: DoesNotExist":             true,
		"operator: NotIn, values: [acme]":    true,
	} {
		for _, key := range []string{"k8s:io.kubernetes.pod.namespace", "any:io.kubernetes.pod.namespace", "io.kubernetes.pod.namespace"} {
			policy := ccnp("out", "{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: [{matchExpressions: [{key: '"+key+"', "+requirement+"}]}]}, "+names+"]}")
			// Agents may add the requirement of the cluster, which nothing outside has.
			for inCluster, want := range map[string]bool{"false": matches, "true": false} {
				e := engineWith(t, cilium.AllFeatures().With(cilium.DefaultLocalCluster, inCluster, "test"), policy)
				for _, to := range outside {
					for port, wanted := range map[uint16]bool{1: true, 2: want} {
						v, err := e.Decide(flow.Flow{From: pod("acme", "web"), To: to, Port: port})
						if err != nil || (v.Egress.Decision == flow.Allowed) != wanted {
							t.Errorf("%s %s, %s: to %s, port %d: got %s, %v, want allowed: %t", key, requirement, inCluster, to.Name, port, v.Egress.Decision, err, wanted)
						}
					}
				}
			}
		}
	}
}
