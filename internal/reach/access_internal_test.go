package reach

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/report"
)

// TestAccess checks what is joined: pods with the same openings, ranges of ports with the same peers, and
// representative pods only where the owner has no other.
func TestAccess(t *testing.T) {
	t.Parallel()
	acme, beta := &policy.Owner{Name: "acme"}, &policy.Owner{Name: "beta"}
	pod := func(o *policy.Owner, name string, representative bool) view {
		return view{owner: o, direction: flow.Egress, subject: endpoints.Endpoint{Name: name, Namespace: o.String(), Representative: representative}}
	}
	opening := func(port uint16, peer string) flow.Opening {
		return flow.Opening{Ports: tcp(port, port), Peers: flow.NewPeerSet(endpoints.Endpoint{Name: peer}), Policies: flow.Policies{{Name: "p"}}}
	}
	var a access
	a.add(pod(acme, "web", false), []flow.Opening{opening(443, "x"), opening(80, "x")})
	a.add(pod(acme, "api", false), []flow.Opening{opening(80, "x"), opening(443, "x")})
	a.add(pod(acme, "any", true), []flow.Opening{opening(1, "y")})
	a.add(pod(beta, "any", true), []flow.Opening{{}})
	want := []report.Access{
		{Owner: "Tenant/acme", Namespace: "acme", Direction: flow.Egress, Subjects: []string{"api", "web"}, Peers: []string{"x"}, Ports: []flow.PortRange{{Protocol: v1alpha1.TCP, First: 80, Last: 80}, {Protocol: v1alpha1.TCP, First: 443, Last: 443}}, Policies: []string{"p"}, DeclaredBy: []string{"Tenant/acme spec"}},
		{Owner: "Tenant/beta", Namespace: "beta", Direction: flow.Egress, Subjects: []string{"any"}, Ports: []flow.PortRange{{}}},
	}
	if d := cmp.Diff(want, a.list(map[flow.PolicyID][]string{{Name: "p"}: {"Tenant/acme spec"}})); d != "" {
		t.Error(d)
	}
}
