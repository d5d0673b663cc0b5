package reach

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/policy"
)

// TestAccess checks what is joined: pods with the same openings, ranges of ports with the same peers, and
// representative pods only where the owner has no other.
func TestAccess(t *testing.T) {
	t.Parallel()
	acme, beta := owner{tenant: &policy.Tenant{Name: "acme"}}, owner{tenant: &policy.Tenant{Name: "beta"}}
	pod := func(o owner, name string, representative bool) view {
		return view{owner: o, direction: policy.Egress, subject: policy.Endpoint{Name: name, Namespace: o.String(), Representative: representative}}
	}
	opening := func(port uint16, peer string) policy.Opening {
		return policy.Opening{Protocol: v1alpha1.TCP, First: port, Last: port, Peers: []policy.Endpoint{{Name: peer}}, Policies: []string{"p"}}
	}
	var a access
	a.add(pod(acme, "web", false), []policy.Opening{opening(443, "x"), opening(80, "x")})
	a.add(pod(acme, "api", false), []policy.Opening{opening(80, "x"), opening(443, "x")})
	a.add(pod(acme, "any", true), []policy.Opening{opening(1, "y")})
	a.add(pod(beta, "any", true), []policy.Opening{{}})
	want := []policy.Access{
		{Owner: "Tenant/acme", Namespace: "acme", Direction: policy.Egress, Subjects: []string{"api", "web"}, Peers: []string{"x"}, Ports: []policy.PortRange{{Protocol: v1alpha1.TCP, First: 80, Last: 80}, {Protocol: v1alpha1.TCP, First: 443, Last: 443}}, Policies: []string{"p"}, DeclaredBy: []string{"Tenant/acme spec"}},
		{Owner: "Tenant/beta", Namespace: "beta", Direction: policy.Egress, Subjects: []string{"any"}, Ports: []policy.PortRange{{}}},
	}
	if d := cmp.Diff(want, a.list(map[string][]string{"p": {"Tenant/acme spec"}})); d != "" {
		t.Error(d)
	}
}
