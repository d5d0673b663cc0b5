package endpoints_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
)

func podNamed(name string) endpoints.Endpoint {
	return endpoints.Endpoint{Kind: endpoints.PodEndpoint, Name: "acme/" + name, Namespace: "acme", Labels: map[string]string{"app": "web"}}
}

// TestSetFinds checks what identifies an endpoint: for pods and nodes, what policies select by, and for
// others the name.
func TestSetFinds(t *testing.T) {
	t.Parallel()
	other := func(change func(*endpoints.Endpoint)) endpoints.Endpoint {
		ep := podNamed("a")
		change(&ep)
		return ep
	}
	world, address := endpoints.Endpoint{Kind: endpoints.EntityEndpoint, Name: "world"}, endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: "192.0.2.1"}
	apiserver := address
	apiserver.Entities = []v1alpha1.Entity{v1alpha1.EntityKubeAPIServer}
	set := endpoints.NewSet([]endpoints.Endpoint{podNamed("a"), podNamed("b"), podNamed("a")})
	set.Ask(podNamed("c"), world, address, world, address)
	if names := namesOf(set.Endpoints); !slices.Equal(names, []string{"acme/a", "acme/b", "world", "192.0.2.1"}) || set.Listed != 2 || set.Deployed != 2 {
		t.Errorf("the set has %q, and lists %d", names, set.Listed)
	}
	for name, c := range map[string]struct {
		ep   endpoints.Endpoint
		want endpoints.ID
	}{
		"another name":          {podNamed("b"), 1},
		"other labels":          {other(func(ep *endpoints.Endpoint) { ep.Labels = map[string]string{"app": "db"} }), 0},
		"another namespace":     {other(func(ep *endpoints.Endpoint) { ep.Namespace = "beta" }), 0},
		"namespace labels":      {other(func(ep *endpoints.Endpoint) { ep.NamespaceLabels = ep.Labels }), 0},
		"further labels":        {other(func(ep *endpoints.Endpoint) { ep.AllLabels = ep.Labels }), 0},
		"another account":       {other(func(ep *endpoints.Endpoint) { ep.ServiceAccount = "robot" }), 0},
		"another cluster":       {other(func(ep *endpoints.Endpoint) { ep.Cluster = "west" }), 0},
		"a named port":          {other(func(ep *endpoints.Endpoint) { ep.Ports = []endpoints.NamedPort{{Name: "http", Port: 80}} }), 0},
		"a node":                {other(func(ep *endpoints.Endpoint) { ep.Kind = endpoints.NodeEndpoint }), 0},
		"one of the set":        {set.Endpoints[1], 2},
		"one of another set":    {other(func(ep *endpoints.Endpoint) { ep.ID, ep.Labels = 1, nil }), 0},
		"an entity":             {world, 3},
		"an address":            {address, 4},
		"one of the apiserver":  {apiserver, 0},
		"a name like an entity": {endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: "world"}, 0},
	} {
		if id, ok := set.Find(c.ep); ok != (c.want > 0) || ok && id != c.want {
			t.Errorf("%s: got %d, %t, want %d", name, id, ok, c.want)
		}
	}
}

func namesOf(all []endpoints.Endpoint) []string {
	var out []string
	for _, ep := range all {
		out = append(out, ep.Name)
	}
	return out
}

// TestSetRepresents checks that what any of several programs distinguishes is listed, once.
func TestSetRepresents(t *testing.T) {
	t.Parallel()
	first := endpoints.Selections{
		Pods: []endpoints.Selection{in("app", "a", "b", "c")}, Names: []string{"a.example"},
		Entities: []v1alpha1.Entity{v1alpha1.EntityWorld}, Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	}
	second := endpoints.Selections{
		Pods: []endpoints.Selection{in("app", "b")}, Names: []string{"a.example", "b.example"},
		Entities: []v1alpha1.Entity{v1alpha1.EntityWorld, v1alpha1.EntityHost}, Networks: first.Networks,
	}
	env := endpoints.Environment{Namespaces: acme}
	set := endpoints.NewSet([]endpoints.Endpoint{podNamed("web")})
	if err := set.AddRepresentatives(env, first, second); err != nil {
		t.Fatal(err)
	}
	if got := formatPods(set.Known()); got != "app=web  app=a app=b" || len(set.Pods()) != 1 {
		t.Errorf("pods %q", got)
	}
	seen := map[string]int{}
	for _, ep := range set.Known() {
		if seen[ep.Name]++; seen[ep.Name] > 1 {
			t.Errorf("%s is listed twice", ep.Name)
		}
	}
	for _, name := range []string{"world", "host", "a.example", "b.example", "192.0.2.0"} {
		if seen[name] == 0 {
			t.Errorf("%s is not listed, of %q", name, namesOf(set.Known()))
		}
	}
	env.Budget = 1
	var over endpoints.BudgetError
	if err := endpoints.NewSet(nil).AddRepresentatives(env, first, second); !errors.As(err, &over) || over.Limit != 1 {
		t.Errorf("got %v", err)
	}
}
