package netpol_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/policy"
)

// TestNodesAndOtherClusters: a node is one of the nodes' addresses, whatever its labels,
// and a pod of another cluster is nothing that is known.
func TestNodesAndOtherClusters(t *testing.T) {
	t.Parallel()
	e := build(t, addresses, documents(t, all(
		np("isolated", "{podSelector: {}, policyTypes: [Ingress, Egress]}"),
		np("nodes", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 172.20.0.0/24}}]}], egress: [{to: [{ipBlock: {cidr: 172.20.0.0/25}}]}]}"),
	)))
	worker := policy.Endpoint{Kind: policy.NodeEndpoint, Name: "node/role=worker", Labels: map[string]string{"role": "worker"}}
	for name, c := range map[string]struct {
		from, to policy.Endpoint
		want     policy.Decision
	}{
		"a policy that admits all nodes admits it":             {worker, pods["web"], policy.Allowed},
		"one that admits none does not, but for the pod's own": {worker, pods["db"], policy.Denied},
		"one that admits some may":                             {pods["web"], worker, policy.Depends},
	} {
		v, err := e.Decide(policy.Flow{From: c.from, To: c.to, Port: 80})
		if err != nil || v.Decision() != c.want {
			t.Errorf("%s: it is %s (%s): %v", name, v.Decision(), v.Note, err)
		}
	}
	otherCluster := pods["web"]
	otherCluster.Cluster = "west"
	if _, err := e.Decide(policy.Flow{From: otherCluster, To: pods["db"], Port: 80}); err == nil || !strings.Contains(err.Error(), "of another cluster") {
		t.Errorf("a pod of another cluster is decided: %v", err)
	}
}
