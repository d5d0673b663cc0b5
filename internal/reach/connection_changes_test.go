package reach_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestConnectionChanges changes the policies at acme/web and acme/db.
func TestConnectionChanges(t *testing.T) {
	t.Parallel()
	web, db := pod("acme", "web"), pod("acme", "db")
	on := func(port uint16, peer endpoints.Endpoint) []flow.Opening {
		return []flow.Opening{{Ports: flow.PortRange{Protocol: v1alpha1.TCP, First: port, Last: port}, Peers: flow.NewPeerSet(peer), Policies: flow.Policies{{Namespace: "acme", Name: "some"}}}}
	}
	both := map[string][]flow.Opening{"egress acme/web": on(80, db), "ingress acme/db": on(80, web)}
	egress := map[string][]flow.Opening{"egress acme/web": on(80, db)}
	ingress := map[string][]flow.Opening{"ingress acme/db": on(80, web)}
	other := map[string][]flow.Opening{"egress acme/web": on(81, db), "ingress acme/db": on(80, web)}
	for name, c := range map[string]struct {
		before, after map[string][]flow.Opening
		affected      string
		// want has the effect of each change, and whether the other side denies it.
		want []string
	}{
		"nothing changes":                      {both, both, "acme", nil},
		"both sides allow it":                  {nil, both, "acme", []string{"allowed false", "allowed false"}},
		"the source allows it":                 {nil, egress, "acme", []string{"allowed true"}},
		"the source allows it as well":         {ingress, both, "acme", []string{"allowed false"}},
		"both sides deny it":                   {both, nil, "acme", []string{"denied false", "denied false"}},
		"the destination denies it":            {both, egress, "acme", []string{"denied false"}},
		"the destination denies it as well":    {ingress, nil, "acme", []string{"denied true"}},
		"another port":                         {both, other, "acme", []string{"allowed true", "denied false"}},
		"a change in a namespace not affected": {nil, both, "shop", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			index, _ := resource.NewIndex(nil)
			f := (&policy.Fence{Name: "platform"}).WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"acme"}})
			proof := reach.Proof{View: viewOf(t, c.before, web, db), Fence: f, Endpoints: reach.Endpoints{Index: index, Fence: f}}
			changes, err := proof.ConnectionChanges(viewOf(t, c.after, web, db), func(namespace string) bool { return namespace == c.affected })
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range changes {
				got = append(got, fmt.Sprintf("%s %t", d.Effect, d.OneSided))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q: %v", got, c.want, changes)
			}
		})
	}
}
