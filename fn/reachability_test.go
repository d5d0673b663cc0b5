package fn_test

import (
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/generate"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/resolve"
)

// TestDeclaredFlowsAreAllowed has the enforcer decide flows from every pod to
// every pod, network and name of generated builds, and compares the decisions with the Tenants. The expected
// decisions are derived from the input alone.
func TestDeclaredFlowsAreAllowed(t *testing.T) {
	t.Parallel()
	skipInShort(t, "runs 60 random builds")
	forBuilds(t, func(p propertyTrial) {
		t, b := p.T, p.build
		out := mustProcess(t, b, b.items(t))
		in, index, _ := generate.Read(b.config(t), copied(out))
		fence, _, _ := resolve.Resolve(in, index)
		endpoints := reach.Endpoints{Index: index, Fence: fence}
		e := newEngine(t, fence, endpoints, out)
		for _, from := range b.tenants {
			for _, app := range []string{"a", "b"} {
				for _, to := range b.targets() {
					for _, port := range b.ports() {
						one := flow.Flow{Port: uint16(port), Protocol: v1alpha1.TCP}
						var err error
						if one.From, err = endpoints.Find("tenant-" + from.name + "/Pod/" + app); err != nil {
							t.Fatal(err)
						}
						if one.To, err = endpoints.Find(to.endpoint); err != nil {
							t.Fatal(err)
						}
						got, err := e.Decide(one)
						if err != nil {
							t.Fatal(err)
						}
						want := flow.Denied
						if b.allows(from, app, to, port) {
							want = flow.Allowed
						}
						if got.Decision() != want {
							t.Errorf("%s is %s, and must be %s (egress %v, ingress %v) %s", one, got.Decision(), want, got.Egress, got.Ingress, got.Note)
						}
					}
				}
			}
		}
	})
}

// target is what flows are tried to: a pod of a tenant, an address, a name, or the proxy
// that leads to names.
type target struct {
	endpoint, tenant, address, name string
	proxy                           bool
}

func (b *build) targets() []target {
	out := []target{
		{endpoint: "198.51.100.250", address: "198.51.100.250/32"},
		{endpoint: "192.0.2.1", address: "192.0.2.1/32"},
	}
	names := []target{
		{endpoint: "evil.example.net", name: "evil.example.net"},
		{endpoint: "x.cdn.example.com", name: "*.cdn.example.com"},
	}
	if b.version == "" {
		// A name may have any address; the proxy knows.
		names = []target{{endpoint: "proxies/Pod/squid", proxy: true}}
	}
	out = append(out, names...)
	for _, t := range b.tenants {
		out = append(out, target{endpoint: "tenant-" + t.name + "/Pod/a", tenant: t.name})
		for _, f := range t.egress {
			for _, c := range f.cidrs {
				out = append(out, target{endpoint: c[:len(c)-len("/32")], address: c})
			}
			for _, n := range f.fqdns {
				if n[0] != '*' && b.version != "" {
					out = append(out, target{endpoint: n, name: n})
				}
			}
		}
	}
	return out
}

// ports are those that flows name, and one that none does.
func (b *build) ports() []int {
	out := []int{7777, 3128}
	for _, t := range b.tenants {
		for _, f := range t.egress {
			out = append(out, f.ports[0])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (b *build) enforced(t generatedTenant) bool {
	if t.enforcement != "" {
		return t.enforcement == "Enforce"
	}
	return b.enforcement == "Enforce"
}

// allows reports whether both sides allow a flow. A side in AllowOnly allows everything. A side in Enforce
// allows declared flows, and flows within its namespace.
func (b *build) allows(from generatedTenant, app string, to target, port int) bool {
	named := from.name == to.tenant || slices.ContainsFunc(from.egress, func(f generatedFlow) bool {
		if to.proxy && (f.app == "" || f.app == app) {
			return len(f.fqdns) > 0 && port == 3128
		}
		if f.app != "" && f.app != app || !slices.Contains(f.ports, port) {
			return false
		}
		return f.tenant != "" && f.tenant == to.tenant || slices.Contains(f.cidrs, to.address) || slices.Contains(f.fqdns, to.name)
	})
	ingressAllowed := true
	for _, t := range b.tenants {
		if t.name == to.tenant {
			ingressAllowed = named || !b.enforced(t)
		}
	}
	return (named || !b.enforced(from)) && ingressAllowed
}
