package examples_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// Sources and destinations of flows of the example.
var (
	layeredWorker  = endpoints.Endpoint{Kind: endpoints.NodeEndpoint, Name: "a worker", Labels: map[string]string{"node-access": "kubelet"}}
	layeredNodes   = entity(v1alpha1.EntityRemoteNode)
	layeredServer  = entity(v1alpha1.EntityKubeAPIServer)
	layeredOutside = entity(v1alpha1.EntityWorld)
	layeredAddress = endpoints.Endpoint{Kind: endpoints.AddressEndpoint, Name: "192.0.2.1"}
)

// TestHostPoliciesStartInAllowOnly checks the warning that host policies can isolate a node. It
// appears in AllowOnly, before they deny anything.
func TestHostPoliciesStartInAllowOnly(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds layered-tenants with kustomize and the program")
	bin := buildProgram(t)
	for dir, want := range map[string]struct {
		message  string
		decision flow.Decision
	}{
		"layered-tenants":                {"deny nothing in AllowOnly", flow.Allowed},
		"layered-tenants/l7":             {"deny nothing in AllowOnly", flow.Allowed},
		"layered-tenants/nodes-enforced": {"these enforced host policies", flow.Denied},
	} {
		out, stderr, err := kustomizeBuild(t, bin, dir)
		if err != nil {
			t.Fatalf("%s: %v\n%s", dir, err, stderr)
		}
		for _, line := range []string{"spec.nodes[0]: ", "spec.nodes[1]: "} {
			if !hasLine(stderr, "warning: ", line, want.message, "can isolate a node", "audit mode on one node", "[host-policy-isolates-node]") {
				t.Errorf("%s: stderr has no warning of %s that it can isolate a node:\n%s", dir, line, stderr)
			}
		}
		built := items(t, out)
		for _, f := range []flow.Flow{{From: layeredWorker, To: layeredAddress, Port: 443}, {From: layeredOutside, To: layeredWorker, Port: 22}} {
			if got := decide(t, built, f); got != want.decision {
				t.Errorf("%s: %s is %s, want %s", dir, f, got, want.decision)
			}
		}
	}
}

// TestLaterNamespacesAreIsolated checks that default-deny isolates an unknown namespace and
// selects only pods. The post's default-deny also selects the health endpoint.
func TestLaterNamespacesAreIsolated(t *testing.T) {
	t.Parallel()
	all := buildExample(t, "layered-tenants").items
	later := podWith("later", "app", "later")
	for _, f := range []flow.Flow{{From: later, To: layeredOutside}, {From: layeredOutside, To: later}} {
		if got := decide(t, all, f); got != flow.Denied {
			t.Errorf("%s is %s", f, got)
		}
	}
	for selectsHealth, selector := range map[bool]labels.Selector{
		false: selectorOf(t, all, "layered.default-deny"),
		true:  selectorOf(t, readPost(t), "default-deny"),
	} {
		for set, want := range map[*labels.Set]bool{
			{"io.kubernetes.pod.namespace": "client-ns"}:   true,
			{"io.kubernetes.pod.namespace": "kube-system"}: false,
			{"reserved.health": ""}:                        selectsHealth,
		} {
			if got := selector.Matches(*set); got != want {
				t.Errorf("%s selects %s: %t, want %t", selector, set, got, want)
			}
		}
	}
}

// TestDifferencesFromThePost compares decisions by the post's policies and by the example's.
func TestDifferencesFromThePost(t *testing.T) {
	t.Parallel()
	post, example := readPost(t), buildExample(t, "layered-tenants/nodes-enforced").items
	client, privileged := podWith("client-ns", "app", "network-client"), podWith("client-ns", "app", "network-client-priv2")
	dns, relay := podWith("kube-system", "k8s-app", "kube-dns"), podWith("kube-system", "k8s-app", "hubble-relay")
	ingress := podWith("ingress-nginx", "app.kubernetes.io/name", "ingress-nginx")
	api := endpoints.Endpoint{Kind: endpoints.NameEndpoint, Name: "api.example.com"}
	for desc, c := range map[string]struct {
		flow flow.Flow
		// want is the decision of the example. The post decides differently.
		want flow.Decision
	}{
		"ingress is isolated as well":                             {flow.Flow{From: layeredOutside, To: client, Port: 8080}, flow.Denied},
		"pods resolve names over TCP":                             {flow.Flow{From: client, To: dns, Port: 53}, flow.Allowed},
		"nodes query an external DNS server over TCP":             {flow.Flow{From: layeredWorker, To: layeredOutside, Port: 53}, flow.Allowed},
		"the client calls a name":                                 {flow.Flow{From: client, To: api, Port: 443}, flow.Allowed},
		"the ingress controller reads Ingresses":                  {flow.Flow{From: ingress, To: layeredServer, Port: 6443}, flow.Allowed},
		"the privileged client reaches the kubelet":               {flow.Flow{From: privileged, To: layeredWorker, Port: 10250}, flow.Allowed},
		"the privileged label in another namespace has no effect": {flow.Flow{From: podWith("kube-system", "app", "network-client-priv2"), To: layeredWorker, Port: 10250}, flow.Denied},
		"other nodes' agents check the health of this one":        {flow.Flow{From: layeredNodes, To: layeredWorker, Port: 4240}, flow.Allowed},
		"other nodes tunnel packets to this one":                  {flow.Flow{From: layeredNodes, To: layeredWorker, Port: 8472, Protocol: v1alpha1.UDP}, flow.Allowed},
		"Hubble's relay reaches the agent":                        {flow.Flow{From: relay, To: layeredWorker, Port: 4244}, flow.Allowed},
	} {
		if got := decide(t, example, c.flow); got != c.want {
			t.Errorf("%s: in the example %s is %s", desc, c.flow, got)
		}
		if got := decide(t, post, c.flow); got == c.want || got == flow.Depends {
			t.Errorf("%s: in the post %s is %s", desc, c.flow, got)
		}
	}
}

// readPost reads the policies of the post. The schema of Cilium's CRDs accepts all except the
// policy with an empty matchName.
func readPost(t *testing.T) []*yaml.RNode {
	t.Helper()
	var out []*yaml.RNode
	for _, n := range items(t, []byte(read(t, "testdata/layered-tenants-post.yaml"))) {
		if err := engine.Validate(documents(t, []*yaml.RNode{n})[0]); err == nil {
			out = append(out, n)
		} else if n.GetName() != "allow-pod-egress" || !strings.Contains(err.Error(), `matchName: Invalid value: ""`) {
			t.Errorf("%s is rejected: %v", n.GetName(), err)
		}
	}
	if len(out) != 7 {
		t.Errorf("%d policies of the post are accepted, want 7", len(out))
	}
	return out
}

// selectorOf returns the endpointSelector of a cluster-wide policy as a Kubernetes selector.
func selectorOf(t *testing.T, all []*yaml.RNode, name string) labels.Selector {
	t.Helper()
	for _, n := range all {
		if n.GetName() != name {
			continue
		}
		field, err := n.Pipe(yaml.Lookup("spec", "endpointSelector"))
		if err != nil || field == nil {
			t.Fatalf("%s has no endpointSelector: %v", name, err)
		}
		data, err := field.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var s metav1.LabelSelector
		if err := json.Unmarshal(bytes.ReplaceAll(data, []byte("k8s:"), nil), &s); err != nil {
			t.Fatal(err)
		}
		selector, err := metav1.LabelSelectorAsSelector(&s)
		if err != nil {
			t.Fatal(err)
		}
		return selector
	}
	t.Fatalf("policy %s is missing", name)
	return nil
}

// hasLine reports whether a line contains all texts.
func hasLine(stderr string, texts ...string) bool {
	return slices.ContainsFunc(strings.Split(stderr, "\n"), func(line string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) })
	})
}
