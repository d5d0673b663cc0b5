package fn_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/report"
)

func itemsOf(t *testing.T, docs ...string) []*yaml.RNode {
	t.Helper()
	nodes, err := kio.FromBytes([]byte(strings.Join(docs, "---\n")))
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

// problemsOf are the errors and warnings of a run, without those about agent settings that a slice counts otherwise.
func problemsOf(t *testing.T, items []*yaml.RNode, s report.Slice) map[string]bool {
	t.Helper()
	config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}}")
	r, _ := fn.Process(config, copied(items), fn.Options{Slice: s})
	out := map[string]bool{}
	for _, f := range r.Findings {
		if f.Severity != report.Info && f.Check != report.NotProved {
			out[fmt.Sprintf("%s %s", f.Check.Name, f.Resource)] = true
		}
	}
	return out
}

// shardsReport compares what the shards of a build report together with what the whole reports.
func shardsReport(t *testing.T, items []*yaml.RNode, want string) {
	t.Helper()
	whole := problemsOf(t, items, report.Slice{})
	if want != "" && !slices.ContainsFunc(slices.Collect(maps.Keys(whole)), func(text string) bool { return strings.HasPrefix(text, want+" ") }) {
		t.Errorf("the whole does not report %s: %v", want, whole)
	}
	for shards := 2; shards <= 4; shards++ {
		together := map[string]bool{}
		for shard := range shards {
			maps.Copy(together, problemsOf(t, items, report.Slice{Shard: shard + 1, Shards: shards}))
		}
		if diff := cmp.Diff(whole, together); diff != "" {
			t.Errorf("the whole, and %d shards together, report:\n%s", shards, diff)
		}
	}
}

// cacheReports proves builds in turn with one cache, and compares each with a proof without one.
func cacheReports(t *testing.T, want string, builds ...[]*yaml.RNode) {
	t.Helper()
	cache := memory{}
	for i, items := range builds {
		fresh, _ := outcomeOf(t, items, nil)
		got, recalled := outcomeOf(t, items, cache)
		if diff := cmp.Diff(fresh, got); diff != "" {
			t.Errorf("build %d, %d tenants recalled, without and with a cache:\n%s", i, recalled, diff)
		}
		if i == len(builds)-1 && want != "" && !strings.Contains(strings.Join(fresh, "\n"), "["+want+"]") {
			t.Errorf("no %s: %q", want, fresh)
		}
		t.Logf("build %d: %d recalled, %d in the cache", i, recalled, len(cache))
	}
}

// clusterFence is a fence with scope Cluster in which the namespace common is shared: x has its pods with app=a. z has a namespace alone.
func clusterFence(config string) string {
	return "apiVersion: tenantfence.dev/v1alpha1\nkind: FenceProfile\nmetadata: {name: platform}\nspec:\n  cluster: {cni: Cilium, ciliumVersion: '1.20', ciliumConfig: {policy-cidr-match-mode: ''" + config + "}}\n  scope: Cluster\n  enforcement: Enforce\n  sharedNamespaces: [common]\n  tenants: {claims: {x: [common], v: [common]}}\n  excludedNamespaces: [{name: kube-system, reason: platform}]\n" +
		"---\napiVersion: v1\nkind: Namespace\nmetadata: {name: common}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: tenant-z}\n" +
		pod("common", "a", "a") + pod("common", "b", "b") + pod("common", "c", "c") + pod("tenant-z", "a", "a") +
		"---\napiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: x}\nspec: {namespaces: [common], pods: {matchLabels: {app: a}}}\n" +
		"---\napiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: v}\nspec: {namespaces: [common], pods: {matchLabels: {app: b}}}\n" +
		"---\napiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: z}\nspec: {}\n"
}

func pod(namespace, name, app string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s, labels: {app: %s}}\nspec: {containers: [{name: c}]}\n", name, namespace, app)
}

// a cluster-wide policy selects pods of a namespace that nothing else has: a pod that may be created there belongs to the first shard.
func TestShardsClusterwidePolicyOfMissingNamespace(t *testing.T) {
	t.Parallel()
	wide := "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: wide}\nspec: {enableDefaultDeny: {ingress: false, egress: false}, endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: later}}, egress: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: tenant-z}}]}]}\n"
	shardsReport(t, itemsOf(t, clusterFence(""), wide), "undeclared-one-sided")
}

// a label whose key is that of the annotation which the digest of a resource omits.
func TestCacheLabelOfSourceAnnotation(t *testing.T) {
	t.Parallel()
	x := "enforcement: Enforce, egress: [{name: shop, to: [{namespace: shop, pods: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]"
	deny := func(value string) string {
		return byHand("tenant-x", "endpointSelector: {}, egressDeny: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: shop, internal.tenantfence.dev/source: "+value+"}}]}]")
	}
	web := strings.ReplaceAll(shopPod("web", 8080), "app: web}", "app: web, internal.tenantfence.dev/source: live}")
	build := func(value string) []*yaml.RNode { return itemsOf(t, twoTenants("", x, ""), shop, web, deny(value)) }
	cacheReports(t, "declared-flow-denied", build("none"), build("live"))
}

func TestCacheLabelOfSourceAnnotationOpen(t *testing.T) {
	t.Parallel()
	x := "enforcement: Enforce, egress: [{name: shop, to: [{namespace: shop, pods: {matchLabels: {internal.tenantfence.dev/source: declared}}}], ports: [{port: 8080}]}]"
	allow := func(value string) string {
		return byHand("tenant-x", "endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: shop, internal.tenantfence.dev/source: "+value+"}}], toPorts: [{ports: [{port: '8080', protocol: TCP}]}]}]")
	}
	web := strings.ReplaceAll(shopPod("web", 8080), "app: web}", "app: web, internal.tenantfence.dev/source: declared}")
	build := func(value string) []*yaml.RNode { return itemsOf(t, twoTenants("", x, ""), shop, web, allow(value)) }
	cacheReports(t, "undeclared-open", build("declared"), build("other"))
}

// agents that ignore cluster-wide policies ignore the synthetic ones, too.
func TestWholeClusterwidePoliciesDisabled(t *testing.T) {
	t.Parallel()
	config := ", bpf-policy-map-max: '256', enable-cilium-clusterwide-network-policy: 'false'"
	var networks []string
	for i := range 400 {
		networks = append(networks, fmt.Sprintf("10.%d.%d.0/24", 1+i/256, i%256))
	}
	divides := byHand("tenant-y", "endpointSelector: {matchLabels: {app: none}}, egressDeny: [{toCIDR: ["+strings.Join(networks, ", ")+"]}]")
	narrow := "enforcement: Enforce, egress: [{name: lan, to: [{cidrs: [192.0.2.0/24]}], ports: [{port: 5432}]}]"
	t.Run("cache", func(t *testing.T) {
		cacheReports(t, "policy-map-full", itemsOf(t, twoTenants(config, narrow, "enforcement: Enforce"), divides), itemsOf(t, twoTenants(config, wideNetwork, "enforcement: Enforce"), divides))
	})
	t.Run("slices", func(t *testing.T) {
		shardsReport(t, itemsOf(t, twoTenants(config, wideNetwork, "enforcement: Enforce"), divides), "policy-map-full")
	})
}

// agents that ignore NetworkPolicies do not distinguish their networks, but the synthetic policies do.
func TestWholeNetworkPoliciesDisabled(t *testing.T) {
	t.Parallel()
	config := ", bpf-policy-map-max: '256', enable-k8s-networkpolicy: 'false'"
	var blocks []string
	for i := range 400 {
		blocks = append(blocks, fmt.Sprintf("{ipBlock: {cidr: 10.%d.%d.0/24}}", 1+i/256, i%256))
	}
	divides := "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: by-hand, namespace: tenant-y}\nspec: {podSelector: {matchLabels: {app: none}}, policyTypes: [Egress], egress: [{to: [" + strings.Join(blocks, ", ") + "]}]}\n"
	items := itemsOf(t, twoTenants(config, wideNetwork, "enforcement: Enforce"), divides)
	narrow := "enforcement: Enforce, egress: [{name: lan, to: [{cidrs: [192.0.2.0/24]}], ports: [{port: 5432}]}]"
	t.Run("cache", func(t *testing.T) {
		cacheReports(t, "", itemsOf(t, twoTenants(config, narrow, "enforcement: Enforce"), divides), items)
	})
	t.Run("slices", func(t *testing.T) { shardsReport(t, items, "") })
}

// a label key that is a name in toFQDNs of another policy.
func TestWholeLabelIsAName(t *testing.T) {
	t.Parallel()
	y := "enforcement: Enforce, egress: [{name: api, to: [{fqdns: [a.example.com]}], ports: [{port: 443}]}]"
	rule := "endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {a.example.com: b}, matchExpressions: [{key: io.kubernetes.pod.namespace, operator: DoesNotExist}]}]}]"
	config := ", policy-default-local-cluster: 'false'"
	t.Run("slices", func(t *testing.T) {
		shardsReport(t, itemsOf(t, twoTenants(config, "enforcement: Enforce", y), byHand("tenant-x", rule)), "policy-rejected")
	})
	t.Run("cache", func(t *testing.T) {
		cacheReports(t, "policy-rejected", itemsOf(t, twoTenants(config, "enforcement: Enforce", "enforcement: Enforce"), byHand("tenant-x", rule)), itemsOf(t, twoTenants(config, "enforcement: Enforce", y), byHand("tenant-x", rule)))
	})
}

// a policy that is left out, or rejected, distinguishes no network, but the synthetic policies do.
func TestWholeLeftOutPolicies(t *testing.T) {
	t.Parallel()
	var networks []string
	for i := range 400 {
		networks = append(networks, fmt.Sprintf("10.%d.%d.0/24", 1+i/256, i%256))
	}
	narrow := "enforcement: Enforce, egress: [{name: lan, to: [{cidrs: [192.0.2.0/24]}], ports: [{port: 5432}]}]"
	for name, spec := range map[string]string{
		"requirements": "endpointSelector: {}, egress: [{toRequires: [{matchLabels: {a: b}}], toEndpoints: [{matchLabels: {a: b}}]}], egressDeny: [{toCIDR: [" + strings.Join(networks, ", ") + "]}]",
		"rejected":     "endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: a, namespace: shop}}]}], egressDeny: [{toCIDR: [" + strings.Join(networks, ", ") + "]}]",
		"two peers":    "endpointSelector: {}, egressDeny: [{toCIDRSet: [{cidr: 198.51.100.0/24}], toCIDR: [" + strings.Join(networks, ", ") + "]}]",
	} {
		build := func(x string) []*yaml.RNode {
			return itemsOf(t, twoTenants(", bpf-policy-map-max: '256'", x, "enforcement: Enforce"), shop, byHand("shop", spec))
		}
		t.Run(name, func(t *testing.T) {
			cacheReports(t, "", build(narrow), build(wideNetwork))
			shardsReport(t, build(wideNetwork), "")
		})
	}
}

// the key of x has the networks of a policy elsewhere, and not whether the engine rejects it.
func TestCacheRejectedPolicyIsCorrected(t *testing.T) {
	t.Parallel()
	var networks []string
	for i := range 400 {
		networks = append(networks, fmt.Sprintf("10.%d.%d.0/24", 1+i/256, i%256))
	}
	build := func(between string) []*yaml.RNode {
		spec := "endpointSelector: {}, egressDeny: [{toCIDRSet: [{cidr: 198.51.100.0/24}]" + between + "toCIDR: [" + strings.Join(networks, ", ") + "]}]"
		return itemsOf(t, twoTenants(", bpf-policy-map-max: '256'", wideNetwork, "enforcement: Enforce"), shop, byHand("shop", spec))
	}
	cacheReports(t, "policy-map-full", build(", "), build("}, {"))
}

// agents ignore NetworkPolicies. The same networks in a policy that they enforce have the same text in the key.
func TestCacheIgnoredPolicyIsReplaced(t *testing.T) {
	t.Parallel()
	var blocks, rules []string
	for i := range 400 {
		blocks = append(blocks, fmt.Sprintf("{ipBlock: {cidr: 10.%d.%d.0/24}}", 1+i/256, i%256))
		rules = append(rules, fmt.Sprintf("{toCIDRSet: [{cidr: 10.%d.%d.0/24}]}", 1+i/256, i%256))
	}
	ignored := "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: by-hand, namespace: tenant-y}\nspec: {podSelector: {matchLabels: {app: none}}, policyTypes: [Egress], egress: [{to: [" + strings.Join(blocks, ", ") + "]}]}\n"
	enforced := byHandRaw("tenant-y", "endpointSelector: {matchLabels: {app: none}}, egressDeny: ["+strings.Join(rules, ", ")+"]")
	build := func(policy string) []*yaml.RNode {
		return itemsOf(t, twoTenants(", bpf-policy-map-max: '256', enable-k8s-networkpolicy: 'false'", wideNetwork, "enforcement: Enforce"), policy)
	}
	cacheReports(t, "policy-map-full", build(ignored), build(enforced))
}

// a selector without a positive requirement matches, with agents that require no cluster, pods of the namespaces that it excludes, too.
func TestShardsNegativeSelectors(t *testing.T) {
	t.Parallel()
	docs := strings.Replace(twoTenants(", policy-default-local-cluster: 'false'", "enforcement: Enforce", "enforcement: Enforce"), "metadata: {name: tenant-y}", "metadata: {name: tenant-y, labels: {team: blue}}", 1)
	items := itemsOf(t, docs, byHand("tenant-x", "endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: io.cilium.k8s.namespace.labels.team, operator: DoesNotExist}]}], toPorts: [{ports: [{port: '8080', protocol: TCP}]}]}]"))
	config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}}")
	of := func(s report.Slice) string {
		r, _ := fn.Process(config, copied(items), fn.Options{Slice: s})
		text := ""
		for _, f := range r.Findings {
			if f.Check == report.UndeclaredOpen || f.Check == report.UndeclaredOneSided {
				text += strings.Join(f.Details, "\n")
			}
		}
		return text
	}
	if whole, part := of(report.Slice{}), of(report.TenantSlice("x")); strings.Contains(whole, "tenant-y/Pod/p") && !strings.Contains(part, "tenant-y/Pod/p") {
		t.Errorf("the slice of x does not report the pod of y:\n%s\n%s", whole, part)
	}
}

// Patterns of another policy distinguish names that x has and that are no patterns.
func TestWholePatternsDistinguishNames(t *testing.T) {
	t.Parallel()
	var names, patterns []string
	for i := range 300 {
		names, patterns = append(names, fmt.Sprintf("n%d.example.com", i)), append(patterns, fmt.Sprintf("{toFQDNs: [{matchPattern: 'n%d*.example.com'}], toPorts: [{ports: [{port: '443', protocol: TCP}]}]}", i))
	}
	x := "enforcement: Enforce, egress: [{name: api, to: [{fqdns: [" + strings.Join(names, ", ") + "]}], ports: [{port: 443}]}]"
	build := func(n int) []*yaml.RNode {
		return itemsOf(t, twoTenants(", bpf-policy-map-max: '256'", x, "enforcement: Enforce"), shop, byHandRaw("shop", "enableDefaultDeny: {ingress: false, egress: false}, endpointSelector: {matchLabels: {app: none}}, egress: ["+strings.Join(patterns[:n], ", ")+"]"))
	}
	t.Run("cache", func(t *testing.T) { cacheReports(t, "", build(1), build(3), build(300)) })
	t.Run("slices", func(t *testing.T) { shardsReport(t, build(300), "") })
}

// where networks match nodes, any network of any policy makes a flow to the own node undecided.
func TestWholeFlowTestOfOwnNode(t *testing.T) {
	t.Parallel()
	y := "enforcement: Enforce, egress: [{name: lan, to: [{cidrs: [192.0.2.0/24]}], ports: [{port: 5432}]}]"
	build := func(more ...string) []*yaml.RNode {
		docs := strings.Replace(twoTenants("", "enforcement: Enforce", y), "ciliumConfig: {policy-cidr-match-mode: ''", "nodeCIDRs: [10.9.0.0/16], ciliumConfig: {policy-cidr-match-mode: nodes", 1)
		return itemsOf(t, append([]string{docs}, more...)...)
	}
	t.Run("cache", func(t *testing.T) {
		cacheReports(t, "flow-test-undecided", build(), build(flowTestOf("host", "port: 8080, ")))
	})
	t.Run("slices", func(t *testing.T) { shardsReport(t, build(flowTestOf("host", "port: 8080, ")), "flow-test-undecided") })
}

// the same for a flow that the nodes of the profile declare, which belongs to the first shard.
func TestWholeDeclaredFlowOfOwnNode(t *testing.T) {
	t.Parallel()
	build := func(x string) []*yaml.RNode {
		y := "enforcement: Enforce, egress: [{name: lan, to: [{cidrs: [192.0.2.0/24]}], ports: [{port: 5432}]}]"
		docs := strings.Replace(twoTenants(", enable-host-firewall: 'true'", x, y), "ciliumConfig: {policy-cidr-match-mode: ''", "nodeCIDRs: [10.9.0.0/16], ciliumConfig: {policy-cidr-match-mode: nodes", 1)
		docs = strings.Replace(docs, "  limits:", "  nodes: [{name: workers, nodeSelector: {matchLabels: {role: worker}}, ingress: [{name: in, from: [{namespace: shop}], ports: [{port: 6443}]}]}]\n  limits:", 1)
		return itemsOf(t, docs, shop, podWithoutPorts)
	}
	shardsReport(t, build("enforcement: Enforce"), "declared-flow-undecided")
}

// the text of a rejection differs from run to run, since Cilium goes through a map. So a build that is the same has
// agent-setting-unspecified in some runs, and keeps nothing then.
func TestWholeRejectionTextIsStable(t *testing.T) {
	t.Parallel()
	items := itemsOf(t, twoTenants("", "enforcement: Enforce", "enforcement: Enforce"), shop, byHand("shop", "endpointSelector: {}, egressDeny: [{toCIDRSet: [{cidr: 198.51.100.0/24}], toCIDR: [192.0.2.0/24]}]"))
	first, _ := outcomeOf(t, items, nil)
	for range 20 {
		again, _ := outcomeOf(t, items, nil)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("two runs of one build differ:\n%s", diff)
		}
	}
}
