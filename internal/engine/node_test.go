package engine_test

import (
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/endpoints"
	"github.com/tenantfence/tenantfence/internal/flow"
)

// notPods are nodes, and a pod of another cluster of the mesh.
var notPods = map[string]endpoints.Endpoint{
	"worker":  node("role", "worker"),
	"edge":    node("role", "edge"),
	"labeled": node("kubernetes.io/hostname", "worker-1"),
	"web@west": {
		Kind: endpoints.PodEndpoint, Name: "web@west", Cluster: "west", Namespace: "acme", Labels: map[string]string{"app": "web"},
	},
}

func node(key, value string) endpoints.Endpoint {
	return endpoints.Endpoint{Kind: endpoints.NodeEndpoint, Name: key + "=" + value, Labels: map[string]string{key: value}}
}

// workerPolicy returns a host policy for the workers.
func workerPolicy(name, spec string) string {
	return ccnp(name, "{nodeSelector: {matchLabels: {role: worker}}, "+spec+"}")
}

func TestNodes(t *testing.T) {
	t.Parallel()
	kubelet := workerPolicy("kubelet", `ingress: [{fromEndpoints: [{matchLabels: {app: web, k8s:io.kubernetes.pod.namespace: acme}}], toPorts: [{ports: [{port: "10250", protocol: TCP}]}]}]`)
	additive := strings.Replace(kubelet, "{nodeSelector", "{enableDefaultDeny: {ingress: false, egress: false}, nodeSelector", 1)
	runScenarios(t, map[string]scenario{
		"a host policy applies only to the nodes that it selects": {
			policies: kubelet,
			flows: []string{
				"web -> worker:10250 = allowed by kubelet",
				"db -> worker:10250 = denied",
				"web -> worker:22 = denied",
				"db -> edge:22 = allowed",
				"worker -> 192.0.2.1:443 = allowed",
			},
		},
		"one direction can be isolated alone": {
			policies: all(additive, workerPolicy("deny", "ingress: [{}]")),
			flows: []string{
				"web -> worker:10250 = allowed by kubelet",
				"@world -> worker:22 = denied",
				"worker -> 192.0.2.1:443 = allowed",
			},
		},
		"a pod policy selects no node, and a host policy selects no pod": {
			policies: all(ccnp("pods", "{endpointSelector: {}, ingress: [{}], egress: [{}]}"), ccnp("nodes", "{nodeSelector: {}, egress: [{}]}")),
			flows: []string{
				"@world -> worker:22 = allowed",
				"worker -> 192.0.2.1:443 = denied",
				"web -> edge:22 = denied",
			},
		},
		"a pod allows its own node, and other nodes decide the flow": {
			policies: cnp("deny", "{endpointSelector: {}, ingress: [{}], egress: [{}]}"),
			flows:    []string{"worker -> db:5432 = denied", "@host -> db:5432 = allowed", "db -> worker:22 = denied"},
		},
		"entity remote-node allows nodes": {
			policies: cnp("nodes", "{endpointSelector: {}, ingress: [{fromEntities: [remote-node]}]}"),
			flows:    []string{"worker -> db:5432 = allowed by acme/nodes"},
		},
		"an allow of the pod's own node only depends": {
			policies: cnp("own", "{endpointSelector: {}, egress: [{toEntities: [host]}]}"),
			flows:    []string{"db -> worker:22 = depends by acme/own"},
			notes:    "allowed on the pod's own node, denied on another node",
		},
		"a deny of the pod's own node only depends": {
			policies: cnp("own", "{endpointSelector: {}, ingress: [{fromEntities: [remote-node]}], ingressDeny: [{fromEntities: [host]}]}"),
			flows:    []string{"worker -> db:5432 = depends by acme/own"},
		},
		"a node is remote-node for another node": {
			policies: all(workerPolicy("health", `ingress: [{fromEntities: [remote-node], toPorts: [{ports: [{port: "4240", protocol: TCP}]}]}], egress: [{toEntities: [host]}]`)),
			flows: []string{
				"edge -> worker:4240 = allowed by health",
				"edge -> worker:22 = denied",
				"worker -> edge:4240 = denied",
				"worker -> @host:4240 = allowed by health",
			},
		},
		"a name is allowed for nodes with DNS rules": {
			policies: workerPolicy("names", `egress: [{toFQDNs: [{matchName: google.com}], toPorts: [{ports: [{port: "443", protocol: TCP}]}]},
  {toEntities: [world], toPorts: [{ports: [{port: "53", protocol: UDP}], rules: {dns: [{matchPattern: "*"}]}}]}]`),
			flows: []string{"worker -> google.com:443 = allowed by names", "worker -> example.com:443 = denied"},
		},
		"a name is denied for nodes without DNS rules": {
			policies: workerPolicy("names", `egress: [{toFQDNs: [{matchName: google.com}], toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]`),
			flows:    []string{"worker -> google.com:443 = denied"},
		},
		"labels outside the identity select no node": {
			policies: ccnp("host", "{nodeSelector: {matchLabels: {kubernetes.io/hostname: worker-1}}, ingress: [{}]}"),
			flows:    []string{"@world -> labeled:22 = allowed"},
		},
	})
}

// TestPodsOfAnotherCluster checks that policies of this cluster apply to such pods as peers, and
// never select them.
func TestPodsOfAnotherCluster(t *testing.T) {
	t.Parallel()
	runScenarios(t, map[string]scenario{
		"policies decide ingress from another cluster, and not egress there": {
			policies: all(
				cnp("deny", "{endpointSelector: {}, ingress: [{}], egress: [{}]}"),
				cnp("west", "{endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEndpoints: [{matchLabels: {app: web, k8s:io.cilium.k8s.policy.cluster: west}}]}]}"),
			),
			flows: []string{
				"web@west -> db:5432 = allowed by acme/west",
				"web@west -> blue:8081 = denied",
				"web -> db:5432 = denied",
				"db -> web@west:80 = denied",
			},
		},
	})
}

func TestOpeningsOfNodes(t *testing.T) {
	t.Parallel()
	e := build(t, all(
		workerPolicy("deny", "ingress: [{}]"),
		workerPolicy("ssh", `ingress: [{fromEntities: [remote-node], toPorts: [{ports: [{port: "22", protocol: TCP}]}]}]`),
	))
	known, err := e.Representatives(endpoints.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	representatives := map[string]bool{}
	for _, ep := range known {
		if ep.Kind == endpoints.NodeEndpoint {
			representatives[ep.Name] = ep.Representative
		}
	}
	if len(representatives) != 2 || !representatives["node/role=worker"] || !representatives["a node without labels"] {
		t.Errorf("got representative nodes %v", representatives)
	}
	in, err := e.Openings(notPods["worker"], flow.Ingress)
	if err != nil || len(in) != 1 || in[0].Ports.First != 22 || in[0].Peers.Len() == 0 || in[0].Policies[0].String() != "ssh" {
		t.Errorf("ingress of the worker: got %+v, %v", in, err)
	}
	for _, at := range []struct {
		node endpoints.Endpoint
		d    flow.Direction
	}{{notPods["worker"], flow.Egress}, {notPods["edge"], flow.Ingress}} {
		open, err := e.Openings(at.node, at.d)
		if err != nil || len(open) != 1 || len(open[0].Policies) > 0 {
			t.Errorf("%s of %s without isolation: got %+v, %v", at.d, at.node.Name, open, err)
		}
	}
}
