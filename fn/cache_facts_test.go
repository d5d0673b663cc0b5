package fn_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// A policy of an excluded namespace is rejected once another policy has a name that is the key of its selector.
func TestCacheRejectedElsewhere(t *testing.T) {
	t.Parallel()
	x := "enforcement: Enforce, egress: [{name: shop, to: [{namespace: shop, pods: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]"
	p := "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {b.example.com: x}, matchExpressions: [{key: io.kubernetes.pod.namespace, operator: DoesNotExist}]}]}, {fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: tenant-x}}]}]}\n"
	q := "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: q, namespace: shop}\nspec: {endpointSelector: {}, ingress: [{}]}\n"
	opsNS := "apiVersion: v1\nkind: Namespace\nmetadata: {name: ops}\n"
	ops := func(name string) string {
		return byHand("ops", "endpointSelector: {}, egress: [{toFQDNs: [{matchName: "+name+"}]}]")
	}
	build := func(name string) []*yaml.RNode {
		return itemsOf(t, strings.Replace(twoTenants(", policy-default-local-cluster: 'false'", x, ""), "enforcement: AllowOnly", "enforcement: AllowOnly\n  excludedNamespaces: [{name: shop, reason: x}]", 1), shop, shopPod("web", 8080), p, q, opsNS, ops(name))
	}
	cacheReports(t, "declared-flow-denied", build("a.example.com"), build("b.example.com"))
	shardsReport(t, build("b.example.com"), "")
}

// A selector elsewhere requires the label of a group, so that its networks are distinguished.
func TestCacheGroupMatchedElsewhere(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]string{
		"world": "enforcement: Enforce, egress: [{name: lan, to: [{entities: [world]}], ports: [{port: 5432}]}]",
		"zero":  "enforcement: Enforce, egress: [{name: lan, to: [{cidrs: [0.0.0.0/0]}], ports: [{port: 5432}]}]",
	} {
		t.Run(name, func(t *testing.T) {
			build := func(spec string) []*yaml.RNode {
				return itemsOf(t, strings.Replace(twoTenants(", bpf-policy-map-max: '256', policy-default-local-cluster: 'false'", x, "enforcement: Enforce"), "limits: {", "limits: {entities: [world], ", 1), shop, cidrGroup(400), byHand("shop", spec))
			}
			without := "endpointSelector: {}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: b}, matchExpressions: [{key: io.kubernetes.pod.namespace, operator: DoesNotExist}]}]}]"
			with := "endpointSelector: {}, ingressDeny: [{fromEndpoints: [{matchLabels: {'cidrgroup:io.cilium.policy.cidrgroupname/group': ''}, matchExpressions: [{key: io.kubernetes.pod.namespace, operator: DoesNotExist}]}]}]"
			cacheReports(t, "", build(without), build(with))
			shardsReport(t, build(with), "")
		})
	}
}

// Labels of a namespace in which nothing else is: external, or local.
func TestCacheLabelsOfEmptyNamespace(t *testing.T) {
	t.Parallel()
	x := "enforcement: Enforce"
	deny := byHand("tenant-x", "endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: far, 'k8s:io.cilium.k8s.namespace.labels.team': red}}]}]")
	for name, ns := range map[string]func(labels string) string{
		"external": func(labels string) string {
			return "apiVersion: tenantfence.dev/v1alpha1\nkind: ExternalResources\nmetadata: {name: more}\nspec: {namespaces: [{name: far, labels: {" + labels + "}}]}\n"
		},
		"local": func(labels string) string {
			return "apiVersion: v1\nkind: Namespace\nmetadata: {name: far, labels: {" + labels + "}, annotations: {config.kubernetes.io/local-config: 'true'}}\n"
		},
		"own": func(labels string) string {
			return "apiVersion: v1\nkind: Namespace\nmetadata: {name: far, labels: {" + labels + "}}\n"
		},
	} {
		t.Run(name, func(t *testing.T) {
			build := func(labels string) []*yaml.RNode {
				return itemsOf(t, strings.Replace(twoTenants("", x, "enforcement: Enforce"), "limits: {", "limits: {namespaceLabels: true, ", 1), deny, ns(labels))
			}
			cacheReports(t, "undeclared-open", build("tier: back"), build("tier: back, team: red"))
			shardsReport(t, build("tier: back, team: red"), "")
		})
	}
}
