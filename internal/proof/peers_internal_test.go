package proof

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/cilium"
	"github.com/tenantfence/tenantfence/internal/engine"
	"github.com/tenantfence/tenantfence/internal/peers"
)

// rule is a policy with one ingress rule, and from is one with a selector of peers.
func rule(text string) string { return "{endpointSelector: {}, ingress: [" + text + "]}" }
func from(selector string) string {
	return rule("{fromEndpoints: [" + selector + "]}")
}

// peersOf reads a policy, and returns the namespaces of its peers, those of its subjects, and what else it selects.
func peersOf(t *testing.T, agent cilium.Agent, kind, spec string) string {
	t.Helper()
	apiVersion, namespace := map[string]string{"NetworkPolicy": "networking.k8s.io/v1"}[kind], "own"
	if apiVersion == "" {
		apiVersion = "cilium.io/v2"
	}
	if kind == "CiliumClusterwideNetworkPolicy" {
		namespace = ""
	}
	data, err := yaml.MustParse(fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: p, namespace: '%s'}\nspec: %s", apiVersion, kind, namespace, spec)).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	program, err := engine.Read(engine.Options{ClusterName: "east", Agent: agent}, []json.RawMessage{data})
	if err != nil {
		return "rejected"
	}
	all, err := program.Peers()
	if err != nil || len(all) != 1 || all[0].Namespace != namespace {
		t.Fatalf("%s: %v, %v", spec, all, err)
	}
	build := peers.NewBuild(map[string]map[string]string{"own": {}, "web": {"tier": "front"}, "db": {"tier": "back"}, "kube-system": nil})
	names := func(n peers.Namespaces) string {
		set := build.Set(n)
		if set == nil {
			return "all"
		}
		return strings.Join(slices.Sorted(maps.Keys(set)), " ")
	}
	of := peers.OfSelections(all[0].Pods)
	if all[0].AllPods {
		of.Add(peers.All())
	}
	out := []string{names(of)}
	if subjects := names(peers.OfSelections(all[0].Subjects)); subjects != "" {
		out = append(out, "at "+subjects)
	}
	for name, is := range map[string]bool{"nodes": all[0].Nodes, "networks": all[0].AllNetworks, "names": all[0].AllNames} {
		if is {
			out = append(out, "+"+name)
		}
	}
	for _, network := range all[0].Networks {
		out = append(out, "+"+network.String())
	}
	for _, name := range all[0].Names {
		out = append(out, "+"+name)
	}
	slices.Sort(out[1:])
	return strings.Join(out, " ")
}

// TestPeersOfPolicies reads policies of each kind. A selector that requires nothing of a pod may match anywhere.
func TestPeersOfPolicies(t *testing.T) {
	t.Parallel()
	const cnp, ccnp, knp = "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy"
	const outside = " +names +networks"
	for _, c := range []struct{ kind, spec, want string }{
		{cnp, rule("{}"), ""},
		{cnp, from("{}"), "own"},
		{cnp, from("{matchLabels: {app: web}}"), "own"},
		{cnp, from("{matchLabels: {k8s:app: web, k8s:io.kubernetes.pod.namespace: web}}"), "web"},
		{cnp, from("{matchLabels: {io.kubernetes.pod.namespace: elsewhere}}"), "elsewhere"},
		{cnp, from("{matchExpressions: [{key: 'any:io.kubernetes.pod.namespace', operator: In, values: [web, db]}]}"), "db web"},
		{cnp, from("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}"), "db kube-system own web"},
		{cnp, from("{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [web]}]}"), "db kube-system own"},
		{cnp, from("{matchLabels: {io.cilium.k8s.namespace.labels.tier: back}}"), "db"},
		{cnp, from("{matchExpressions: [{key: 'k8s:io.cilium.k8s.namespace.labels.tier', operator: DoesNotExist}]}"), "kube-system own"},
		{cnp, from("{matchLabels: {reserved:init: ''}}"), ""},
		{cnp, rule("{toPorts: [{ports: [{port: '80', protocol: TCP}]}]}"), "all" + outside},
		{cnp, rule("{fromCIDR: [192.0.2.0/24]}"), " +192.0.2.0/24"},
		{cnp, rule("{fromCIDRSet: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}]}"), " +10.0.0.0/8" + outside},
		{cnp, rule("{fromEntities: [host, remote-node, health, ingress]}"), ""},
		{cnp, rule("{fromEntities: [world]}"), "" + outside},
		{cnp, rule("{fromEntities: [cluster]}"), "all"},
		{cnp, rule("{fromEntities: [all]}"), "all" + outside},
		{cnp, rule("{fromGroups: [{}]}"), "rejected"},
		{cnp, "{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: a, namespace: web}}]}]}", "rejected"},
		{cnp, "{endpointSelector: {}, egress: [{toFQDNs: [{matchName: a.example.com}]}]}", " +a.example.com"},
		{cnp, "{endpointSelector: {}, egress: [{toFQDNs: [{matchPattern: '*.example.com'}]}]}", " +*.example.com +names"},
		{cnp, "{endpointSelector: {}, ingressDeny: [{}]}", "all" + outside},
		{cnp, "{endpointSelector: {}, egressDeny: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: db}}]}]}", "db"},
		{ccnp, from("{matchLabels: {app: web}}"), "db kube-system own web at all"},
		{ccnp, "{endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: later}}, egress: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: db}}]}]}", "db at later"},
		{ccnp, "{nodeSelector: {}, ingress: [{fromEntities: [remote-node]}]}", " +nodes"},
		{knp, "{podSelector: {}, policyTypes: [Ingress]}", ""},
		{knp, "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}", "own"},
		{knp, "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {tier: front}}, podSelector: {}}]}]}", "web"},
		{knp, "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}", " +192.0.2.0/24"},
		{knp, "{podSelector: {}, egress: [{}]}", "all" + outside},
	} {
		if got := peersOf(t, cilium.Agent{}, c.kind, c.spec); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.kind, c.spec, got, c.want)
		}
	}
}
