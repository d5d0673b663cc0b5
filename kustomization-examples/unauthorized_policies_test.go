package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/internal/report"
)

// TestUnauthorizedPoliciesAreRefused adds a policy that bypasses the fence to a customer's folder
// of the SocTalk example. The build fails and reports the resource and the reason.
func TestUnauthorizedPoliciesAreRefused(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds soctalk for each policy that it must refuse")
	for desc, c := range map[string]struct {
		policy string
		// check, resource and message of a finding.
		check             *report.Check
		resource, message string
	}{
		"a tenant allows all traffic": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: allow-all}, spec: {endpointSelector: {}, egress: [{toEntities: [all]}], ingress: [{fromEntities: [all]}]}}",
			report.UndeclaredOpen, "CiliumNetworkPolicy/allow-all", "on every port of every protocol",
		},
		"a NetworkPolicy allows what a CiliumNetworkPolicy denies": {
			"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: chart}, spec: {podSelector: {matchLabels: {app.kubernetes.io/name: thehive}}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 9000}]}]}}",
			report.UndeclaredOpen, "NetworkPolicy/chart", "reach tenant-acme/Deployment/thehive on port 9000/TCP",
		},
		"pods of a service account that no workload has": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: builder}, spec: {endpointSelector: {matchLabels: {io.cilium.k8s.policy.serviceaccount: builder}}, egress: [{toEntities: [world]}]}}",
			report.UndeclaredOpen, "CiliumNetworkPolicy/builder", "a pod of service account builder in tenant-acme",
		},
		"one of several values of a label": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: either}, spec: {endpointSelector: {matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [thehive, evil]}]}, egress: [{toEndpoints: [{matchLabels: {app.kubernetes.io/name: cassandra}}]}, {toCIDR: [192.0.2.1/32]}]}}",
			report.UndeclaredOpen, "CiliumNetworkPolicy/either", "(and 1 more) to reach 192.0.2.1",
		},
		"namespaces by one of several labels, for representative pods": {
			"{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: tiers}, spec: {endpointSelector: {matchLabels: {app: nothere}, matchExpressions: [{key: io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name, operator: In, values: [gold, tenant-acme]}]}, egress: [{toEntities: [world]}]}}",
			report.UndeclaredOpen, "CiliumClusterwideNetworkPolicy/tiers", "a pod with app=nothere in tenant-acme",
		},
		"namespaces by the existence of a label": {
			"{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: labelled}, spec: {endpointSelector: {matchLabels: {app: nothere}, matchExpressions: [{key: io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name, operator: Exists}]}, egress: [{toEntities: [world]}]}}",
			report.UndeclaredOpen, "CiliumClusterwideNetworkPolicy/labelled", "a pod with app=nothere in tenant-acme",
		},
		"a port name that no container has yet": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: metrics}, spec: {endpointSelector: {}, ingress: [{fromEntities: [all], toPorts: [{ports: [{port: debug, protocol: TCP}]}]}]}}",
			report.UndeclaredOpen, "CiliumNetworkPolicy/metrics", "a pod without labels in tenant-acme",
		},
		"a missing namespace, by the label of its name": {
			"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: chart}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: evil}}}]}]}}",
			report.UndeclaredOpen, "NetworkPolicy/chart", "a pod without labels in evil",
		},
		"a selector with a redundant expression": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: twice}, spec: {endpointSelector: {matchLabels: {app: zz}, matchExpressions: [{key: app, operator: Exists}]}, egress: [{toEntities: [world]}]}}",
			report.UndeclaredOpen, "CiliumNetworkPolicy/twice", "a pod with app=zz in tenant-acme",
		},
		"a deny of an external resource hides nothing": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: out}, spec: {endpointSelector: {}, egress: [{toEntities: [world]}]}}\n---\n" +
				"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: hides, annotations: {config.kubernetes.io/local-config: 'true'}}, spec: {endpointSelector: {}, egressDeny: [{toEntities: [world]}]}}",
			report.UndeclaredOpen, "CiliumNetworkPolicy/out", "reach",
		},
		"a deny of pods without a label hides nothing for pods with it": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: batch}, spec: {endpointSelector: {matchLabels: {app: batch}}, egress: [{toEntities: [world]}]}}\n---\n" +
				"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: untrusted}, spec: {endpointSelector: {matchLabels: {app: batch}, matchExpressions: [{key: trusted, operator: DoesNotExist}]}, egressDeny: [{toEntities: [world]}]}}",
			report.UndeclaredOpen, "CiliumNetworkPolicy/batch", "a pod with app=batch in tenant-acme",
		},
		"pods that Cilium does not manage": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: old}, spec: {endpointSelector: {}, ingress: [{fromEntities: [unmanaged]}]}}",
			report.UndeclaredOpen, "CiliumNetworkPolicy/old", "unmanaged",
		},
		"pods of another cluster of the mesh": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: mesh}, spec: {endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.cluster: other, io.kubernetes.pod.namespace: soctalk-system}}]}]}}",
			report.UndeclaredOpen, "CiliumNetworkPolicy/mesh", "of cluster other in soctalk-system",
		},
		"protocols without ports": {
			`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: tunnel}, spec: {endpointSelector: {}, egress: [{toEntities: [world], toPorts: [{ports: [{port: "0", protocol: GRE}]}]}]}}`,
			report.UndeclaredOpen, "CiliumNetworkPolicy/tunnel", "GRE",
		},
		"a proxy redirects connections to a Service": {
			"{apiVersion: cilium.io/v2, kind: CiliumEnvoyConfig, metadata: {name: detour}, spec: {services: [{name: web, namespace: tenant-acme}], resources: []}}",
			report.KindUndecided, "CiliumEnvoyConfig/detour", "undecidedKinds: [{group: cilium.io, kind: CiliumEnvoyConfig, reason: …}]",
		},
		"a tenant allows egress to another tenant, which denies ingress": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: peek}, spec: {endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: tenant-beta}}]}]}}",
			report.UndeclaredOneSided, "CiliumNetworkPolicy/peek", "which nothing declares and only the other side denies",
		},
		"intraNamespace shadows L7 rules": {
			`{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: api}, spec: {endpointSelector: {matchLabels: {app.kubernetes.io/name: thehive}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "9000", protocol: TCP}], rules: {http: [{method: GET}]}}]}]}}`,
			report.L7RuleShadowed, "CiliumNetworkPolicy/api", "baseline.intraNamespace allows the same without L7 rules",
		},
		"a deny blocks a declared flow": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: no-dns}, spec: {endpointSelector: {}, egressDeny: [{toEntities: [cluster]}]}}",
			report.DeclaredFlowDenied, "FenceProfile/soctalk", "egress denied by tenant-acme/no-dns",
		},
		"Cilium rejects a policy": {
			"{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: nothing}, spec: {endpointSelector: {}, ingress: [], egress: []}}",
			report.PolicyRejected, "CiliumNetworkPolicy/nothing", "must have at least one of",
		},
	} {
		t.Run(desc, func(t *testing.T) {
			t.Parallel()
			dir := copyExample(t, "soctalk")
			edit(t, filepath.Join(dir, "acme", "kustomization.yaml"), "- tenant.yaml", "- tenant.yaml\n- unauthorized.yaml")
			if err := os.WriteFile(filepath.Join(dir, "acme", "unauthorized.yaml"), []byte(c.policy), 0o600); err != nil {
				t.Fatal(err)
			}
			findings := refused(t, dir)
			for _, f := range findings {
				if f.Check == c.check && strings.Contains(f.Resource.String(), c.resource) && strings.Contains(fullText(f), c.message) {
					return
				}
			}
			t.Errorf("no finding %s of %s contains %q:\n%v", c.check, c.resource, c.message, findings)
		})
	}
}
