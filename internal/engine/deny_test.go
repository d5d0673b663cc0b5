package engine_test

import "testing"

const (
	denyIngress = "{endpointSelector: {}, ingress: [{}]}"
	denyEgress  = "{endpointSelector: {}, egress: [{}]}"
)

func TestDefaultDeny(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"without policies everything is allowed": {
			flows: []string{"other -> web:8080 = allowed", "web -> @world:443 = allowed", "web -> evil.example:443 = allowed"},
		},
		"ingress: [{}] isolates ingress and not egress": {
			policies: cnp("deny", denyIngress),
			flows:    []string{"other -> web:8080 = denied", "web -> other:8080 = allowed"},
		},
		"egress: [{}] isolates egress and not ingress": {
			policies: cnp("deny", denyEgress),
			flows:    []string{"web -> other:8080 = denied", "other -> web:8080 = allowed"},
		},
		"ingressDeny: [{}] isolates, and allows take precedence": {
			policies: all(cnp("deny", "{endpointSelector: {}, ingressDeny: [{}]}"),
				cnp("allow", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]}")),
			flows: []string{"db -> web:8080 = allowed by acme/allow", "other -> web:8080 = denied"},
		},
		"egressDeny: [{}] isolates, and allows take precedence": {
			policies: all(cnp("deny", "{endpointSelector: {}, egressDeny: [{}]}"),
				cnp("allow", "{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {app: db}}]}]}")),
			flows: []string{"web -> db:5432 = allowed by acme/allow", "web -> other:8080 = denied", "other -> web:8080 = allowed"},
		},
		"a deny with enableDefaultDeny: false denies its peers only": {
			policies: cnp("deny", "{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]}"),
			flows:    []string{"db -> web:8080 = denied by acme/deny", "other -> web:8080 = allowed"},
		},
		"one isolated pod does not isolate its namespace": {
			policies: cnp("deny", "{endpointSelector: {matchLabels: {app: web}}, ingress: [{}]}"),
			flows:    []string{"other -> web:8080 = denied", "other -> db:5432 = allowed"},
		},
		"an allow isolates the pods that it selects": {
			policies: cnp("allow", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}"),
			flows:    []string{"db -> web:8080 = allowed by acme/allow", "other -> web:8080 = denied"},
		},
		"enableDefaultDeny: false does not isolate": {
			policies: cnp("allow", "{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [{}]}]}"),
			flows:    []string{"db -> web:8080 = allowed by acme/allow", "other -> web:8080 = allowed"},
		},
		"any policy with default-deny takes precedence over enableDefaultDeny: false": {
			policies: all(cnp("deny", denyIngress),
				cnp("allow", "{endpointSelector: {}, enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [{}]}]}")),
			flows: []string{"db -> web:8080 = allowed by acme/allow", "other -> web:8080 = denied"},
		},
		"enableDefaultDeny: true in a direction without rules has no effect": {
			policies: cnp("half", "{endpointSelector: {}, enableDefaultDeny: {egress: true}, ingress: [{}]}"),
			flows:    []string{"web -> other:8080 = allowed", "other -> web:8080 = denied"},
		},
		"empty peer lists match nothing and isolate": {
			policies: cnp("none", `{endpointSelector: {}, ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: "8080"}]}]}]}`),
			flows:    []string{"db -> web:8080 = denied", "other -> web:8080 = denied"},
		},
		"empty lists of egress peers match nothing and isolate": {
			policies: cnp("none", `{endpointSelector: {}, egress: [{toEndpoints: [], toPorts: [{ports: [{port: "8080"}]}]}]}`),
			flows:    []string{"web -> db:8080 = denied", "web -> @world:8080 = denied", "db -> web:8080 = denied"},
		},
		"a flow must be allowed on both sides": {
			policies: all(cnp("deny", denyIngress), in("beta", "deny", denyEgress),
				cnp("in", "{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: beta}}]}]}"),
				in("beta", "out", "{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: acme}}]}]}")),
			flows: []string{"other -> web:8080 = allowed by beta/out, acme/in", "other -> db:5432 = denied by beta/out"},
		},
		"deny takes precedence over allow": {
			policies: all(cnp("allow", "{endpointSelector: {}, ingress: [{fromEntities: [all]}]}"),
				cnp("no-beta", "{endpointSelector: {}, ingressDeny: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: beta}}]}]}")),
			flows: []string{"db -> web:8080 = allowed by acme/allow", "other -> web:8080 = denied by acme/no-beta"},
		},
		"a deny rule with ports only denies every peer": {
			policies: all(cnp("allow", "{endpointSelector: {}, ingress: [{fromEntities: [all]}]}"),
				cnp("no-ssh", `{endpointSelector: {}, ingressDeny: [{toPorts: [{ports: [{port: "22", protocol: TCP}]}]}]}`)),
			flows: []string{"db -> web:22 = denied by acme/no-ssh", "db -> web:23 = allowed by acme/allow"},
		},
		"the annotation audit-mode has no effect": {
			policies: "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: acme, name: deny, annotations: {policy.cilium.io/audit-mode: enabled}}\nspec: " + denyIngress,
			flows:    []string{"other -> web:8080 = denied"},
		},
		"the pod's own node is always allowed, and other nodes are not": {
			policies: cnp("deny", denyIngress),
			flows:    []string{"@host -> web:8080 = allowed", "@remote-node -> web:8080 = denied"},
		},
		"a deny of host denies the pod's own node": {
			policies: cnp("deny", "{endpointSelector: {}, ingressDeny: [{fromEntities: [host]}]}"),
			flows:    []string{"@host -> web:8080 = denied by acme/deny"},
		},
	})
}

func TestKinds(t *testing.T) {
	runScenarios(t, map[string]scenario{
		"a NetworkPolicy without rules isolates": {
			policies: netpol("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}"),
			flows:    []string{"db -> web:8080 = denied", "other -> web:8080 = denied", "web -> 192.0.2.1:443 = denied"},
		},
		"a NetworkPolicy selects peers of its own namespace, and namespaces by label": {
			policies: netpol("allow", "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: db}}}, {namespaceSelector: {matchLabels: {team: red}}}]}]}"),
			flows:    []string{"db -> web:8080 = allowed by acme/allow", "team -> web:8080 = allowed by acme/allow", "other -> web:8080 = denied"},
		},
		"a namespace is selected by the label with its name": {
			policies: netpol("allow", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: beta}}}]}]}"),
			flows:    []string{"other -> web:8080 = allowed by acme/allow", "team -> web:8080 = denied"},
		},
		"an ipBlock never matches a pod": {
			policies: netpol("allow", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]}"),
			flows:    []string{"web -> 192.0.2.1:443 = allowed by acme/allow", "web -> 10.1.2.3:443 = denied", "web -> other:443 = denied"},
		},
		"a NetworkPolicy and a CiliumNetworkPolicy are ORed": {
			policies: all(netpol("one", "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: db}}}]}]}"),
				cnp("two", "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {app: blue}}]}]}")),
			flows: []string{"db -> web:8080 = allowed by acme/one", "blue -> web:8080 = allowed by acme/two", "green -> web:8080 = denied"},
		},
		"policies that allow a flow are listed in order": {
			policies: all(cnp("b", "{endpointSelector: {}, ingress: [{fromEntities: [all]}]}"), netpol("a", "{podSelector: {}, ingress: [{}]}")),
			flows:    []string{"db -> web:8080 = allowed by acme/a, acme/b"},
		},
		"a cluster-wide policy selects pods of every namespace": {
			policies: ccnp("deny", "{endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: acme}}, ingress: [{}]}"),
			flows:    []string{"other -> web:8080 = denied", "web -> other:8080 = allowed"},
		},
		"a cluster-wide policy for a namespace label does not isolate namespaces without it": {
			policies: ccnp("deny", "{endpointSelector: {matchLabels: {io.cilium.k8s.namespace.labels.team: red}}, ingress: [{}]}"),
			flows:    []string{"other -> team:8080 = denied", "team -> other:8080 = allowed"},
		},
		"a peer of a cluster-wide policy matches every namespace": {
			policies: ccnp("own", "{endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]}"),
			flows:    []string{"other -> web:8080 = allowed by own", "team -> web:8080 = allowed by own", "db -> web:8080 = denied"},
		},
		"metadata.namespace of a cluster-wide policy has no effect": {
			policies: "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {namespace: beta, name: deny}\nspec: {endpointSelector: {matchLabels: {app: db}}, ingress: [{}]}",
			flows:    []string{"web -> db:5432 = denied"},
		},
		"peer {} in a cluster-wide policy matches all pods, but no node and no world": {
			policies: ccnp("allow", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}"),
			flows:    []string{"other -> web:8080 = allowed by allow", "@remote-node -> web:8080 = denied", "@world -> web:8080 = denied"},
		},
		"a host policy selects no pod": {
			policies: ccnp("nodes", "{nodeSelector: {}, ingress: [{}], egress: [{}]}"),
			flows:    []string{"other -> web:8080 = allowed", "web -> @host:10250 = allowed"},
		},
		"each item of specs is enforced": {
			policies: "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {namespace: acme, name: both}\nspecs: [" +
				"{endpointSelector: {matchLabels: {app: web}}, ingress: [{}]}, {endpointSelector: {matchLabels: {app: web}}, ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]}]",
			flows: []string{"db -> web:8080 = allowed by acme/both", "other -> web:8080 = denied"},
		},
	})
}
