package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
)

// openTo lists the peers that the policies allow for pod web in one direction.
func openTo(t *testing.T, e *flowtest.Engine, d flow.Direction) string {
	t.Helper()
	if _, err := e.Representatives(endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil}}); err != nil {
		t.Fatal(err)
	}
	openings, err := e.Openings(pods["web"], d)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range openings {
		for p := range o.Peers.All() {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

const (
	noPod   = "{key: 'k8s:io.kubernetes.pod.namespace', operator: DoesNotExist}, {key: 'k8s:io.cilium.k8s.policy.cluster', operator: DoesNotExist}"
	anyPod  = "{key: 'k8s:io.kubernetes.pod.namespace', operator: Exists}"
	grouped = "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: partners, labels: {team: red}}\nspec: {externalCIDRs: [192.0.2.0/24]}"
	all4    = "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: everything}\nspec: {externalCIDRs: [0.0.0.0/0]}"
)

func toLabels(expressions ...string) string {
	return cnp("p", "{endpointSelector: {}, egress: [{toEndpoints: [{matchExpressions: ["+strings.Join(expressions, ", ")+"]}]}]}")
}

// TestPeersByLabelsOfOtherSources checks which endpoints match labels of other sources.
func TestPeersByLabelsOfOtherSources(t *testing.T) {
	t.Parallel()
	for desc, c := range map[string]struct{ policies, want string }{
		"a CIDR group by name":                     {all(toLabels("{key: 'cidrgroup:io.cilium.policy.cidrgroupname/partners', operator: Exists}", noPod), grouped), "192.0.2.0"},
		"a CIDR group by labels":                   {all(toLabels("{key: 'cidrgroup:team', operator: In, values: [red]}", noPod), grouped), "192.0.2.0"},
		"a CIDR group by a label of any source":    {all(toLabels("{key: team, operator: In, values: [red]}", noPod), grouped), "192.0.2.0"},
		"a CIDR group of all addresses":            {all(toLabels("{key: 'cidrgroup:io.cilium.policy.cidrgroupname/everything', operator: Exists}", noPod), all4), "0.0.0.0"},
		"a CIDR group that contains a smaller one": {all(toLabels("{key: 'cidrgroup:io.cilium.policy.cidrgroupname/everything', operator: Exists}", noPod), all4, grouped), "0.0.0.0, 192.0.2.0"},
		"a network":                          {toLabels("{key: 'cidr:198.51.100.0/24', operator: Exists}", noPod), "198.51.100.0"},
		"an entity":                          {toLabels("{key: 'reserved:remote-node', operator: Exists}"), "kube-apiserver, remote-node"},
		"an entity by a label of any source": {toLabels("{key: health, operator: Exists}", noPod), "health"},
		"a pod without a label of another source": {toLabels("{key: 'reserved:host', operator: DoesNotExist}", "{key: app, operator: In, values: [spy]}"), "a pod with app=spy in a namespace outside the build, a pod with app=spy in acme"},
		"a label of a CIDR group matches no pod":  {all(toLabels("{key: 'cidrgroup:io.cilium.policy.cidrgroupname/partners', operator: Exists}"), grouped), ""},
		"a label of a DNS name matches no pod":    {toLabels("{key: 'fqdn:api.example.com', operator: Exists}"), ""},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			e, err := newEngine(engine.Options{}, documents(t, c.policies), []endpoints.Endpoint{pods["web"]})
			if err != nil {
				t.Fatal(err)
			}
			if got := openTo(t, e, flow.Egress); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestUndecidedPeers checks that selectors are refused if no build shows their labels.
func TestUndecidedPeers(t *testing.T) {
	t.Parallel()
	names := toNames("names", "{matchName: api.example.com}")
	for desc, c := range map[string]struct{ policies, want string }{
		"labels of nodes":                       {toLabels("{key: 'node:role', operator: Exists}"), "which endpoints have labels of source"},
		"labels of the CNI":                     {toLabels("{key: 'cni:tier', operator: In, values: [db]}"), "which endpoints have labels of source"},
		"labels of the CNI at the subject":      {cnp("p", "{endpointSelector: {matchLabels: {'cni:tier': db}}, egress: [{}]}"), "which endpoints have labels of source"},
		"continuation labels of named ports":    {toLabels("{key: io.cilium.k8s.named-ports-1, operator: Exists}"), "named ports"},
		"addresses of a DNS name":               {all(toLabels("{key: 'fqdn:api.example.com', operator: Exists}", noPod), names), "use toFQDNs"},
		"addresses of a DNS name by any source": {all(toLabels("{key: api.example.com, operator: Exists}", noPod), names), "use toFQDNs"},
		"all addresses outside a network":       {toLabels("{key: 'cidr:192.0.2.0/24', operator: DoesNotExist}", noPod), "toCIDRSet"},
		"a network by any source":               {toLabels("{key: 192.0.2.0/24, operator: Exists}", noPod), "toCIDRSet"},
		"a deny of a network":                   {cnp("p", "{endpointSelector: {}, egressDeny: [{toEndpoints: [{matchExpressions: [{key: 'cidr:192.0.2.0/24', operator: Exists}, "+noPod+"]}]}]}"), "toCIDRSet"},
		"a CIDR group that is not in the build": {toLabels("{key: 'cidrgroup:io.cilium.policy.cidrgroupname/partners', operator: Exists}", noPod), "add it to the build"},
		"an allow with the selector of a deny":  {all(cnp("a", "{endpointSelector: {}, egressDeny: [{toEndpoints: [{matchLabels: {'node:role': x}}]}]}"), toLabels("{key: 'node:role', operator: In, values: [x]}")), "CiliumNetworkPolicy acme/p"},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			_, err := newEngine(engine.Options{}, documents(t, c.policies), nil)
			var rejected flow.RejectedError
			if !errors.As(err, &rejected) || len(rejected) != 1 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestPeersByNamedPorts checks the label of named ports, which agents add since 1.20.
func TestPeersByNamedPorts(t *testing.T) {
	t.Parallel()
	const key = "io.cilium.k8s.named-ports"
	for desc, c := range map[string]struct{ expression, since, before string }{
		"pods with named ports": {"{key: " + key + ", operator: Exists}",
			"a pod without labels in a namespace outside the build with the named ports other.TCP.64999, a pod without labels in acme with the named ports other.TCP.64999, acme/db", ""},
		"pods with some named ports": {"{key: 'gen:" + key + "', operator: In, values: [http.TCP.8080, none]}",
			"a pod without labels in a namespace outside the build with the named ports http.TCP.8080, a pod without labels in acme with the named ports http.TCP.8080", ""},
		"pods with that key in their manifest": {"{key: 'k8s:" + key + "', operator: Exists}", "", ""},
		"pods with invalid named ports":        {"{key: " + key + ", operator: In, values: [http]}", "", ""},
		"pods without named ports": {"{key: " + key + ", operator: DoesNotExist}, {key: app, operator: Exists}",
			"a pod with app=other in a namespace outside the build without named ports, a pod with app=other in acme without named ports",
			"a pod with app=other in a namespace outside the build, a pod with app=other in acme, acme/db"},
	} {
		for before, want := range map[bool]string{false: c.since, true: c.before} {
			e, err := newEngine(engine.Options{Agent: agentOf(before, 19)}, documents(t, toLabels(c.expression, anyPod)), []endpoints.Endpoint{pods["web"], pods["db"]})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(slices.DeleteFunc(strings.Split(openTo(t, e, flow.Egress), ", "), func(s string) bool { return s == "acme/web" }), ", ")
			if got != want {
				t.Errorf("%s, before 1.20 %t:\ngot  %s\nwant %s", desc, before, got, want)
			}
		}
	}
}

// TestPeersOfOtherClusters checks that a selector without a cluster matches all before 1.19.
func TestPeersOfOtherClusters(t *testing.T) {
	t.Parallel()
	const own, others = "a pod with app=spy in acme", "a pod with app=spy of cluster another in acme"
	for desc, c := range map[string]struct {
		options engine.Options
		policy  string
		want    string
	}{
		"since 1.19":                        {engine.Options{Mesh: true}, "app: spy", own},
		"before":                            {engine.Options{Agent: agentOf(true, 18), Mesh: true}, "app: spy", own + ", " + others},
		"before, with a cluster":            {engine.Options{Agent: agentOf(true, 18), Mesh: true, ClusterName: "east"}, "app: spy, io.cilium.k8s.policy.cluster: east", own},
		"before, in a cluster of that name": {engine.Options{Agent: agentOf(true, 18), Mesh: true, ClusterName: "another"}, "app: spy", own + ", a pod with app=spy of cluster yet-another in acme"},
		"before, without a mesh":            {engine.Options{Agent: agentOf(true, 18)}, "app: spy", own},
	} {
		e, err := newEngine(c.options, documents(t, cnp("p", "{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"+c.policy+"}}]}]}")), []endpoints.Endpoint{pods["web"]})
		if err != nil {
			t.Fatal(err)
		}
		if got := openTo(t, e, flow.Egress); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", desc, got, c.want)
		}
	}
}

// TestEntityClusterIsThisCluster checks that the entity cluster excludes other clusters.
func TestEntityClusterIsThisCluster(t *testing.T) {
	t.Parallel()
	remote := pod("acme", "db")
	remote.Cluster = "east"
	for entity, want := range map[string]flow.Decision{"cluster": flow.Denied, "all": flow.Allowed, "remote-node": flow.Denied} {
		for _, before := range []bool{true, false} {
			e, err := newEngine(engine.Options{Agent: agentOf(before, 18), Mesh: true},
				documents(t, cnp("p", "{endpointSelector: {}, ingress: [{fromEntities: ["+entity+"]}]}")), []endpoints.Endpoint{pods["web"]})
			if err != nil {
				t.Fatal(err)
			}
			v, err := e.Decide(flow.Flow{From: remote, To: pods["web"], Port: 8080})
			if err != nil || v.Ingress.Decision != want {
				t.Errorf("%s, before 1.19 %t: got %s, %v, want %s", entity, before, v.Ingress.Decision, err, want)
			}
		}
	}
}

// TestEntitiesOfAnotherClustersPods checks that only the entity all includes such pods.
func TestEntitiesOfAnotherClustersPods(t *testing.T) {
	t.Parallel()
	e := engineOf(t, documents(t, cnp("p", "{endpointSelector: {}, ingress: [{fromEntities: [cluster-mesh]}]}")), []endpoints.Endpoint{pods["web"]})
	if _, err := e.Representatives(endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil}}); err != nil {
		t.Fatal(err)
	}
	openings, err := e.Openings(pods["web"], flow.Ingress)
	if err != nil {
		t.Fatal(err)
	}
	remote := 0
	for _, o := range openings {
		for p := range o.Peers.All() {
			if p.Cluster == "" {
				continue
			}
			if remote++; spell(p.Entities) != "all" {
				t.Errorf("%s is in %s", p.Name, spell(p.Entities))
			}
		}
	}
	if remote == 0 {
		t.Errorf("no pod of another cluster: %v", openings)
	}
}

// TestReservedLabelsAreThoseOfCilium checks the list of keys that workloads must not have.
func TestReservedLabelsAreThoseOfCilium(t *testing.T) {
	t.Parallel()
	known := cilium.ReservedLabels()
	for id, identityLabels := range identity.ListReservedIdentities() {
		for _, l := range identityLabels {
			if !slices.Contains(known, l.Key) && !slices.Contains(aggregates, id) {
				t.Errorf("%s is reserved", l.Key)
			}
		}
	}
	if !slices.Contains(known, labels.LabelKeyFixedIdentity) {
		t.Errorf("%s is reserved", labels.LabelKeyFixedIdentity)
	}
}

// aggregates are identities that no endpoint has.
var aggregates = []identity.NumericIdentity{
	identity.ReservedIdentityAggregateCluster, identity.ReservedIdentityAggregateClusterMesh,
	identity.ReservedIdentityAggregateWorld, identity.ReservedIdentityAggregateRemoteNode,
}

// TestReservedLabelsAreOnNoRepresentative checks that representative pods have no reserved key:
// workloads with one are refused.
func TestReservedLabelsAreOnNoRepresentative(t *testing.T) {
	t.Parallel()
	e, err := newEngine(engine.Options{}, documents(t, all(
		cnp("p", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {remote-node: x}}, {matchExpressions: [{key: host, operator: DoesNotExist}]}]}]}"))), nil)
	if err != nil {
		t.Fatal(err)
	}
	found, err := e.Representatives(endpoints.Environment{Namespaces: map[string]map[string]string{"acme": nil}})
	if err != nil {
		t.Fatal(err)
	}
	for _, ep := range found {
		if ep.Kind == endpoints.PodEndpoint && len(ep.Labels) > 0 {
			t.Errorf("%s", ep.Name)
		}
	}
	// Such a pod is allowed wherever remote-node is.
	v, err := build(t, cnp("p", "{endpointSelector: {}, ingress: [{fromEntities: [remote-node]}]}")).Decide(flow.Flow{
		From: labelled(pod("beta", "evil"), "remote-node", "x"), To: pods["web"], Port: 8080,
	})
	if err != nil || v.Ingress.Decision != flow.Allowed {
		t.Errorf("got %v, %v", v, err)
	}
}
