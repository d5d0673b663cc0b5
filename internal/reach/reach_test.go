package reach_test

import (
	"errors"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
	"github.com/tenantfence/tenantfence/internal/policy"
	"github.com/tenantfence/tenantfence/internal/reach"
	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

func buildEndpoints(t *testing.T) reach.Endpoints {
	t.Helper()
	var items []*yaml.RNode
	for _, s := range []string{
		`{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: tenant-acme}, spec: {template: {metadata: {labels: {app: api}}}}}`,
		`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: tenant-acme}, spec: {template: {}}}`,
		`{apiVersion: apps/v1, kind: Deployment, metadata: {name: db, namespace: tenant-acme}, spec: {template: {}}}`,
		`{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: tenant-acme}, spec: {template: {spec: {hostNetwork: true}}}}`,
		`{apiVersion: v1, kind: Namespace, metadata: {name: tenant-acme, labels: {team: a}}}`,
		`{apiVersion: v1, kind: Node, metadata: {name: worker-1, labels: {role: worker}}}`,
	} {
		items = append(items, yaml.MustParse(s))
	}
	index, findings := resource.NewIndex(items)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return reach.Endpoints{Index: index, Fence: (&policy.Fence{}).WithOwners(&policy.Owner{Name: "acme", Namespaces: []string{"tenant-acme"}})}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		kind endpoints.EndpointKind
		err  string
	}{
		"a workload": {"tenant-acme/Deployment/api", endpoints.PodEndpoint, ""},
		"a tenant has the pods of its namespaces": {"acme/api", endpoints.PodEndpoint, ""},
		"an entity":                 {"world", endpoints.EntityEndpoint, ""},
		"an address":                {"192.0.2.1", endpoints.AddressEndpoint, ""},
		"an address of six":         {"2001:db8::1", endpoints.AddressEndpoint, ""},
		"a name":                    {"API.example.com", endpoints.NameEndpoint, ""},
		"two workloads of one name": {"acme/db", "", "write one of them as namespace/Kind/name"},
		"one of them by its kind":   {"acme/StatefulSet/db", endpoints.PodEndpoint, ""},
		"a missing workload":        {"acme/web", "", `workload "acme/web" is missing`},
		"a misspelt workload":       {"acme/apii", "", "did you mean api? Else correct the name"},
		"a hostNetwork pod has its node's identity": {"acme/agent", "", "write host or remote-node"},
		"every entity at once is no end":            {"cluster", "", "is many endpoints"},
		"pods are several endpoints":                {"tenant/acme/*", "", "may be many endpoints"},
		"a node by its labels":                      {"node/role=worker", endpoints.NodeEndpoint, ""},
		"a Node of the build":                       {"node/worker-1", endpoints.NodeEndpoint, ""},
		"a missing Node":                            {"node/worker-2", "", `Node "worker-2" is missing`},
		"a pod of another cluster":                  {"cluster/west/shop/app=web", endpoints.PodEndpoint, ""},
		"a pod of this cluster":                     {"cluster/default/shop/app=web", "", "write namespace/shop/app=web"},
		"too many parts":                            {"a/b/c/d", "", "is not a valid endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := buildEndpoints(t).Find(c.text)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || got.Kind != c.kind {
				t.Errorf("got %v (%v), want a %s", got, err, c.kind)
			}
		})
	}
}

// TestNodesAndOtherClusters checks what the engine receives for endpoints that no workload defines.
func TestNodesAndOtherClusters(t *testing.T) {
	t.Parallel()
	node, err := buildEndpoints(t).Find("node/worker-1")
	if err != nil || node.Labels["role"] != "worker" {
		t.Errorf("the Node is %+v: %v", node, err)
	}
	pod, err := buildEndpoints(t).Find("cluster/west/tenant-acme/app=web,tier=front")
	if err != nil || pod.Cluster != "west" || pod.Namespace != "tenant-acme" || len(pod.Labels) != 2 || pod.NamespaceLabels != nil {
		t.Errorf("the pod of another cluster is %+v, and the namespace's labels are those of this one: %v", pod, err)
	}
}

func TestPodsHaveNamespaceLabels(t *testing.T) {
	t.Parallel()
	pods := buildEndpoints(t).Pods()
	if len(pods) != 3 {
		t.Fatalf("%d pods, want all but the hostNetwork one", len(pods))
	}
	if l := pods[0].NamespaceLabels; l["team"] != "a" || l["kubernetes.io/metadata.name"] != "tenant-acme" {
		t.Errorf("labels %v", l)
	}
}

// entryAt returns the one entry of the policies at an endpoint.
type entryAt func(endpoints.Endpoint, flow.Direction) (flow.Entry, error)

func everywhere(e flow.Entry) entryAt {
	return func(endpoints.Endpoint, flow.Direction) (flow.Entry, error) { return e, nil }
}

func noAnswer(endpoints.Endpoint, flow.Direction) (flow.Entry, error) {
	return flow.Entry{}, errors.New("no answer")
}

// decide decides a FlowTest, with policies compiled for what it asks.
func decide(t *testing.T, at entryAt, e reach.Endpoints, test resource.FlowTest) report.FlowTestResult {
	t.Helper()
	views, err := reach.Proof{Endpoints: e}.Compile([]resource.FlowTest{test}, false, flowtest.Entries(at))
	if err != nil {
		t.Fatal(err)
	}
	return reach.Run(views[0], e, test)
}

func TestRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entry  flow.Entry
		expect v1alpha1.Expectation
		holds  bool
	}{
		"an allowed flow that must work":       {flow.Entry{}, v1alpha1.ExpectAllow, true},
		"a denied flow that must work":         {flow.Entry{Deny: true}, v1alpha1.ExpectAllow, false},
		"a denied flow that must be blocked":   {flow.Entry{Deny: true}, v1alpha1.ExpectDeny, true},
		"an allowed flow that must be blocked": {flow.Entry{}, v1alpha1.ExpectDeny, false},
		"one that depends does not work":       {flow.Entry{Maybe: true}, v1alpha1.ExpectAllow, false},
		"nor is it blocked":                    {flow.Entry{Maybe: true}, v1alpha1.ExpectDeny, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			result := decide(t, everywhere(c.entry), buildEndpoints(t), test(c.expect, "acme/api"))
			if len(result.Cases) != 1 || result.Cases[0].Problem != "" || result.Cases[0].Passed != c.holds {
				t.Errorf("result %v", result)
			}
			if findings := reach.FlowTestFindings(result); findings.HasError() == c.holds {
				t.Errorf("findings %v", findings)
			}
		})
	}
	for _, from := range []string{"acme/api", "acme/missing"} {
		result := decide(t, noAnswer, buildEndpoints(t), test(v1alpha1.ExpectDeny, from))
		if c := result.Cases[0]; c.Passed || c.Problem == "" || !reach.FlowTestFindings(result).HasError() {
			t.Errorf("the case from %s reports no problem: %v", from, c)
		}
	}
}

func test(expect v1alpha1.Expectation, from string) resource.FlowTest {
	var out resource.FlowTest
	out.Test.Spec.Cases = []v1alpha1.FlowCase{{Name: "case", From: from, To: "world", Port: 443, Expect: expect}}
	return out
}
