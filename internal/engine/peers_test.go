package engine_test

import (
	"testing"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/flow"
	"github.com/tenantfence/tenantfence/internal/flow/flowtest"
)

func TestPeers(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"peer {} is the policy's namespace": {
			policies: cnp("own", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}"),
			flows:    []string{"db -> web:8080 = allowed by acme/own", "other -> web:8080 = denied"},
		},
		"peer matchLabels: {} is the policy's namespace": {
			policies: cnp("own", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {}}]}]}"),
			flows:    []string{"db -> web:8080 = allowed by acme/own", "other -> web:8080 = denied"},
		},
		"a peer in another namespace is selected by namespace labels": {
			policies: cnp("red", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.team: red}}]}]}"),
			flows:    []string{"team -> web:8080 = allowed by acme/red", "other -> web:8080 = denied", "db -> web:8080 = denied"},
		},
		"labels outside the identity select nothing": {
			policies: cnp("hash", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {pod-template-hash: "1"}}]}]}`),
			flows:    []string{"db -> web:8080 = denied"},
		},
		"the pod name of a StatefulSet and the zone select nothing": {
			policies: all(cnp("name", "{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchLabels: {statefulset.kubernetes.io/pod-name: set-0}}]}]}"),
				cnp("zone", "{endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEndpoints: [{matchLabels: {topology.kubernetes.io/zone: a}}]}]}")),
			flows: []string{"set -> web:8080 = denied", "set -> db:5432 = denied"},
		},
		"the name of a job is part of the identity": {
			policies: cnp("job", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {batch.kubernetes.io/job-name: once}}]}]}"),
			flows:    []string{"set -> web:8080 = allowed by acme/job", "db -> web:8080 = denied"},
		},
		"a policy for another namespace's pods selects nothing": {
			policies: cnp("theirs", "{endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: beta}}, ingress: [{}]}"),
			flows:    []string{"db -> other:8080 = allowed", "other -> web:8080 = allowed"},
		},
		"a pod of this cluster matches only the name of its cluster": {
			policies: all(
				cnp("mine", "{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchLabels: {app: db, io.cilium.k8s.policy.cluster: default}}]}]}"),
				cnp("theirs", "{endpointSelector: {matchLabels: {app: db}}, ingress: [{fromEndpoints: [{matchLabels: {app: web, io.cilium.k8s.policy.cluster: elsewhere}}]}]}")),
			flows: []string{"db -> web:8080 = allowed by acme/mine", "web -> db:5432 = denied"},
		},
		"the service account of a pod defaults to default": {
			policies: cnp("account", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: default}}]}]}"),
			flows:    []string{"db -> web:8080 = allowed by acme/account"},
		},
		"world includes everything outside the cluster": {
			policies: cnp("out", "{endpointSelector: {}, egress: [{toEntities: [world]}]}"),
			flows: []string{"web -> @world:443 = allowed by acme/out", "web -> 192.0.2.1:443 = allowed by acme/out",
				"web -> [2001:db8::1]:443 = allowed by acme/out", "web -> other:8080 = denied", "web -> @host:443 = denied", "web -> @remote-node:443 = denied"},
		},
		"0.0.0.0/0 matches neither pods nor nodes, nor an apiserver on one": {
			policies: cnp("out", "{endpointSelector: {}, egress: [{toCIDR: [0.0.0.0/0]}]}"),
			flows: []string{"web -> 192.0.2.1:443 = allowed by acme/out", "web -> other:8080 = denied", "web -> @host:443 = denied",
				"web -> @remote-node:443 = denied", "web -> @kube-apiserver:443 = depends by acme/out"},
			notes: "allowed for an apiserver outside the cluster over IPv4, denied for an apiserver on another node and for an apiserver outside the cluster over IPv6",
		},
		"IPv6 needs ::/0": {
			policies: cnp("out", "{endpointSelector: {}, egress: [{toCIDR: [0.0.0.0/0]}]}"),
			flows: []string{"web -> [2001:db8::1]:443 = denied", "web -> @world-ipv4:443 = allowed by acme/out", "web -> @world-ipv6:443 = denied",
				"web -> @world:443 = depends by acme/out", "web -> api.example.com:443 = depends by acme/out"},
			notes: "allowed over IPv4, denied over IPv6",
		},
		"a CIDR contains its addresses without its exceptions": {
			policies: cnp("out", "{endpointSelector: {}, egress: [{toCIDRSet: [{cidr: 192.0.2.0/24, except: [192.0.2.128/25]}]}]}"),
			flows:    []string{"web -> 192.0.2.1:443 = allowed by acme/out", "web -> 192.0.2.200:443 = denied", "web -> 198.51.100.1:443 = denied"},
		},
		"host bits in a CIDR are dropped": {
			policies: cnp("out", "{endpointSelector: {}, egress: [{toCIDR: [10.1.2.3/8]}]}"),
			flows:    []string{"web -> 10.200.0.1:443 = allowed by acme/out"},
		},
		"a client outside the cluster is allowed by its address": {
			policies: cnp("agents", `{endpointSelector: {}, ingress: [{fromCIDR: [198.51.100.0/24], toPorts: [{ports: [{port: "1514", protocol: TCP}]}]}]}`),
			flows:    []string{"198.51.100.7 -> web:1514 = allowed by acme/agents", "192.0.2.1 -> web:1514 = denied", "198.51.100.7 -> web:1515 = denied"},
		},
		"kube-apiserver includes the apiserver wherever it runs": {
			policies: cnp("api", "{endpointSelector: {}, egress: [{toEntities: [kube-apiserver]}]}"),
			flows:    []string{"web -> @kube-apiserver:6443 = allowed by acme/api", "web -> @remote-node:6443 = denied", "web -> @world:6443 = denied"},
		},
		"remote-node includes an apiserver only on a node": {
			policies: cnp("api", "{endpointSelector: {}, egress: [{toEntities: [remote-node]}]}"),
			flows:    []string{"web -> @kube-apiserver:6443 = depends by acme/api", "web -> @remote-node:6443 = allowed by acme/api", "web -> @host:6443 = denied"},
		},
		"host is not remote-node, nor the apiserver": {
			policies: cnp("node", "{endpointSelector: {}, egress: [{toEntities: [host]}]}"),
			flows:    []string{"web -> @host:443 = allowed by acme/node", "web -> @remote-node:443 = denied", "web -> @kube-apiserver:443 = denied"},
		},
		"cluster includes everything inside the cluster, and the apiserver": {
			policies: cnp("in", "{endpointSelector: {}, egress: [{toEntities: [cluster]}]}"),
			flows: []string{"web -> other:8080 = allowed by acme/in", "web -> @host:443 = allowed by acme/in", "web -> @remote-node:443 = allowed by acme/in",
				"web -> @health:4240 = allowed by acme/in", "web -> @ingress:80 = allowed by acme/in", "web -> @kube-apiserver:443 = allowed by acme/in", "web -> @world:443 = denied"},
		},
		"kube-apiserver without ports allows every port": {
			policies: cnp("api", "{endpointSelector: {}, egress: [{toEntities: [kube-apiserver]}]}"),
			flows:    []string{"web -> @kube-apiserver:* = allowed by acme/api", "web -> @kube-apiserver:22 = allowed by acme/api"},
		},
		"peers and ports in separate items are ORed": {
			policies: cnp("or", `{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}, {toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]}`),
			flows:    []string{"db -> web:9999 = allowed by acme/or", "@world -> web:8080 = allowed by acme/or", "other -> web:9999 = denied"},
		},
		"a negative selector of a cluster-wide policy matches every other pod": {
			policies: ccnp("not", "{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchExpressions: [{key: app, operator: NotIn, values: [db]}]}]}]}"),
			flows:    []string{"blue -> web:8080 = allowed by not", "db -> web:8080 = denied", "other -> web:8080 = allowed by not", "@remote-node -> web:8080 = denied", "@world -> web:8080 = denied"},
		},
		"a negative selector matches only pods in the policy's namespace": {
			policies: cnp("not", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: app, operator: NotIn, values: [db]}]}]}]}"),
			flows:    []string{"blue -> web:8080 = allowed by acme/not", "db -> web:8080 = denied", "other -> web:8080 = denied"},
		},
		"NotIn for a namespace matches unknown pods in every other namespace": {
			policies: cnp("not", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [kube-system]}]}]}]}"),
			flows:    []string{"other -> web:8080 = allowed by acme/not", "dns -> web:8080 = denied", "@remote-node -> web:8080 = denied", "@world -> web:8080 = denied"},
		},
	})
}

func TestClusterName(t *testing.T) {
	t.Parallel()
	peer := "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.cluster: west}}]}]}"
	for name, want := range map[string]flow.Decision{"west": flow.Allowed, "east": flow.Denied} {
		e, err := newEngine(engine.Options{ClusterName: name, Agent: cilium.AllFeatures()}, documents(t, cnp("west", peer)), nil)
		if err != nil {
			t.Fatal(err)
		}
		v, err := e.Decide(flow.Flow{From: pods["db"], To: pods["web"], Port: 8080})
		if err != nil || v.Decision() != want {
			t.Errorf("in cluster %s: got %v %v, want %v", name, v, err, want)
		}
	}
}

// TestEnginesOfTwoClustersDoNotMix checks that engines do not share the entity cluster, which is
// a package variable of Cilium.
func TestEnginesOfTwoClustersDoNotMix(t *testing.T) {
	t.Parallel()
	inside := cnp("in", "{endpointSelector: {}, egress: [{toEntities: [cluster]}]}")
	var engines []*flowtest.Engine
	for _, name := range []string{"east", "west"} {
		e, err := newEngine(engine.Options{ClusterName: name, Agent: cilium.AllFeatures()}, documents(t, inside), nil)
		if err != nil {
			t.Fatal(err)
		}
		engines = append(engines, e)
	}
	for i, e := range engines {
		v, err := e.Decide(flow.Flow{From: pods["web"], To: pods["other"], Port: 80})
		if err != nil || v.Decision() != flow.Allowed {
			t.Errorf("engine %d: got %v %v, want allowed", i, v, err)
		}
	}
}
