package peers_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

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

// ingress is a policy of the namespace own with one ingress rule.
func ingress(rule string) string { return "spec: {endpointSelector: {}, ingress: [" + rule + "]}" }

// from is such a policy with one selector of peers.
func from(selector string) string { return ingress("{fromEndpoints: [" + selector + "]}") }

// TestOfPolicy reads policies of each kind. What is not understood may have peers in all namespaces.
func TestOfPolicy(t *testing.T) {
	t.Parallel()
	const cilium, clusterwide, kubernetes = "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy"
	for _, c := range []struct{ kind, policy, want string }{
		{cilium, ingress("{}"), ""},
		{cilium, "spec: {endpointSelector: {}, egress: null, ingress: []}", ""},
		{cilium, from("{}"), "own"},
		{cilium, from("{matchLabels: {app: web}}"), "own"},
		{cilium, from("{matchLabels: {k8s:app: web, k8s:io.kubernetes.pod.namespace: web}}"), "web"},
		{cilium, from("{matchLabels: {io.kubernetes.pod.namespace: elsewhere}}"), "elsewhere"},
		{cilium, from("{matchExpressions: [{key: 'any:io.kubernetes.pod.namespace', operator: In, values: [web, db]}]}"), "db web"},
		{cilium, from("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}"), "db kube-system own web"},
		{cilium, from("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [web]}]}"), "db kube-system own"},
		{cilium, from("{matchLabels: {io.cilium.k8s.namespace.labels.tier: back}}"), "db"},
		{cilium, from("{matchLabels: {io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name: web}}"), "web"},
		{cilium, from("{matchExpressions: [{key: 'k8s:io.cilium.k8s.namespace.labels.tier', operator: DoesNotExist}]}"), "kube-system own"},
		{cilium, from("{matchLabels: {io.kubernetes.pod.namespace: '${NAMESPACE}'}}"), "all"},
		{cilium, from("{matchLabels: {io.cilium.k8s.policy.cluster: west}}"), "all"},
		{cilium, from("{matchLabels: {reserved:init: ''}}"), "all"},
		{cilium, from("{matchLabels: [app]}"), "all"},
		{cilium, from("{matchLabels: {app: web}, other: {}}"), "all"},
		{cilium, from("{matchExpressions: {key: app}}"), "all"},
		{cilium, from("null"), "all"},
		{cilium, ingress("{fromEndpoints: []}"), "all"},
		{cilium, ingress("{fromEndpoints: {}}"), "all"},
		{cilium, ingress("{toPorts: [{ports: [{port: '80'}]}]}"), "all"},
		{cilium, ingress("{icmps: []}"), "all"},
		{cilium, ingress("{fromCIDR: [192.0.2.0/24], toPorts: []}"), ""},
		{cilium, ingress("{fromCIDRSet: null}"), "all"},
		{cilium, ingress("{fromEntities: [world, host]}"), ""},
		{cilium, ingress("{fromEntities: [world, cluster]}"), "all"},
		{cilium, ingress("{fromEntities: [all]}"), "all"},
		{cilium, ingress("{fromEntities: [unknown]}"), "all"},
		{cilium, ingress("{fromRequires: [{}]}"), "all"},
		{cilium, ingress("{fromGroups: [{}]}"), "all"},
		{cilium, "spec: {endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: a, namespace: web}}]}]}", "all"},
		{cilium, "spec: {endpointSelector: {}, egress: [{toFQDNs: [{matchName: example.com}]}, {toNodes: [{}]}]}", ""},
		{cilium, "spec: {endpointSelector: {}, ingressDeny: [{}]}", "all"},
		{cilium, "spec: {endpointSelector: {}, egressDeny: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: db}}]}]}", "db"},
		{cilium, "spec: {endpointSelector: {}, new: [{}]}", "all"},
		{cilium, "specs: [" + strings.TrimPrefix(from("{}"), "spec: ") + ", " + strings.TrimPrefix(from("{matchLabels: {io.kubernetes.pod.namespace: web}}"), "spec: ") + "]", "own web"},
		{cilium, "spec: text", "all"},
		{clusterwide, from("{}"), "all"},
		{clusterwide, from("{matchLabels: {app: web}}"), "all"},
		{clusterwide, from("{matchLabels: {io.kubernetes.pod.namespace: kube-system}}"), "kube-system"},
		{kubernetes, "spec: {podSelector: {}, policyTypes: [Ingress]}", ""},
		{kubernetes, "spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}", "own"},
		{kubernetes, "spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {tier: front}}, podSelector: {}}]}]}", "web"},
		{kubernetes, "spec: {podSelector: {}, egress: [{to: [{namespaceSelector: {}}]}]}", "all"},
		{kubernetes, "spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}", ""},
		{kubernetes, "spec: {podSelector: {}, egress: [{ports: []}]}", "all"},
		{kubernetes, "spec: {podSelector: {}, egress: [{}]}", "all"},
		{kubernetes, "spec: {podSelector: {}, egress: [{to: []}]}", "all"},
		{kubernetes, "spec: {podSelector: {}, egress: [{to: [{other: {}}]}]}", "all"},
		{"ClusterNetworkPolicy", "spec: {}", "all"},
	} {
		apiVersion := map[string]string{kubernetes: "networking.k8s.io/v1"}[c.kind]
		if apiVersion == "" {
			apiVersion = "cilium.io/v2"
		}
		namespace := "namespace: own"
		if c.kind == clusterwide {
			namespace = ""
		}
		n := yaml.MustParse(fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: p, %s}\n%s", apiVersion, c.kind, namespace, c.policy))
		if got := names(peers.OfPolicy(n)); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.kind, c.policy, got, c.want)
		}
	}
}

// TestSubjectsOf reads the subjects of cluster-wide policies.
func TestSubjectsOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		policy, want string
		nodes        bool
	}{
		{"spec: {endpointSelector: {}}", "all", false},
		{"spec: {endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: web}}}", "web", false},
		{"spec: {nodeSelector: {}}", "", true},
		{"specs: [{nodeSelector: {}}, {endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: db}}}]", "db", true},
		{"spec: {}", "all", false},
	} {
		n := yaml.MustParse("apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: p}\n" + c.policy)
		if got, nodes := peers.SubjectsOf(n); names(got) != c.want || nodes != c.nodes {
			t.Errorf("%s: got %q, nodes %t, want %q, %t", c.policy, names(got), nodes, c.want, c.nodes)
		}
	}
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
