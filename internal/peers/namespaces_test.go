package peers_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/peers"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// existing are the namespaces of a build.
var existing = map[string]map[string]string{"own": {}, "web": {"tier": "front"}, "db": {"tier": "back"}, "kube-system": nil}

func names(n peers.Namespaces) string {
	set := peers.NewBuild(existing).Set(n)
	if set == nil {
		return "all"
	}
	return strings.Join(slices.Sorted(maps.Keys(set)), " ")
}

// TestOfPeer reads the peers of declared flows.
func TestOfPeer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		peer policy.Peer
		want string
	}{
		{policy.Peer{Kind: policy.Pods, Namespace: "web"}, "web"},
		{policy.Peer{Kind: policy.Pods, NamespaceLabels: map[string]string{"tier": "back"}}, "db"},
		{policy.Peer{Kind: policy.Pods}, "all"},
		{policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityWorld, v1alpha1.EntityKubeAPIServer}}, ""},
		{policy.Peer{Kind: policy.Entities, Entities: []v1alpha1.Entity{v1alpha1.EntityCluster}}, "all"},
		{policy.Peer{Kind: policy.CIDRs, CIDRs: []string{"192.0.2.0/24"}}, ""},
		{policy.Peer{Kind: policy.FQDNs}, ""},
		{policy.Peer{Kind: policy.Nodes}, ""},
		{policy.Peer{Kind: "new"}, "all"},
	} {
		if got := names(peers.OfPeer(c.peer)); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.peer, got, c.want)
		}
	}
	both := peers.Named("web")
	both.Add(peers.Named("db"))
	if !both.Overlap(endpoints.NamespaceSet{"db": true}) || both.Overlap(endpoints.NamespaceSet{"own": true}) || !peers.All().Overlap(nil) {
		t.Error("namespaces overlap with sets that have none of them, or do not with those that have one")
	}
}
