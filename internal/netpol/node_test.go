package netpol_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// TestNodesAndOtherClusters: a node is one of the nodes' addresses, whatever its labels,
// and a pod of another cluster is nothing that is known.
func TestNodesAndOtherClusters(t *testing.T) {
	t.Parallel()
	e := build(t, addresses, documents(t, all(
		np("isolated", "{podSelector: {}, policyTypes: [Ingress, Egress]}"),
		np("nodes", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 172.20.0.0/24}}]}], egress: [{to: [{ipBlock: {cidr: 172.20.0.0/25}}]}]}"),
	)))
	worker := endpoints.Endpoint{Kind: endpoints.NodeEndpoint, Name: "node/role=worker", Labels: map[string]string{"role": "worker"}}
	for name, c := range map[string]struct {
		from, to endpoints.Endpoint
		want     flow.Decision
	}{
		"a policy that admits all nodes admits it":             {worker, pods["web"], flow.Allowed},
		"one that admits none does not, but for the pod's own": {worker, pods["db"], flow.Denied},
		"one that admits some may":                             {pods["web"], worker, flow.Depends},
	} {
		v, err := e.Decide(flow.Flow{From: c.from, To: c.to, Port: 80})
		if err != nil || v.Decision() != c.want {
			t.Errorf("%s: it is %s (%s): %v", name, v.Decision(), v.Note, err)
		}
	}
	otherCluster := pods["web"]
	otherCluster.Cluster = "west"
	if _, err := e.Decide(flow.Flow{From: otherCluster, To: pods["db"], Port: 80}); err == nil || !strings.Contains(err.Error(), "of another cluster") {
		t.Errorf("a pod of another cluster is decided: %v", err)
	}
}
