package fn_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/internal/report"
)

// wildFleet is a fleet in which everything is edited that a proof reads.
type wildFleet struct {
	*rand.Rand
	n       int
	profile map[string]string
	docs    map[string]string
	flows   map[int][2][]string
	spec    map[int]string
}

func (f *wildFleet) one(texts ...string) string { return texts[f.IntN(len(texts))] }
func (f *wildFleet) rare(texts ...string) string {
	if f.IntN(3) > 0 {
		return ""
	}
	return f.one(texts...)
}
func (f *wildFleet) ns() string {
	return f.one("tenant-t"+strconv.Itoa(f.IntN(f.n)), "tenant-t"+strconv.Itoa(f.IntN(f.n)), "shop", "extra", "ops")
}
func (f *wildFleet) network() string {
	return f.one("10.1.0.0/16", "10.1.2.0/24", "10.1.2.128/25", "10.1.3.0/24", "10.9.1.0/24", "10.0.0.0/8", "192.0.2.0/24", "192.0.2.7/32", "0.0.0.0/0", "128.0.0.0/1", "fd00::/8", "fd00:1::/32")
}
func (f *wildFleet) app() string { return f.one("a", "b", "c", "web") }

func newWildFleet(seed uint64) *wildFleet {
	f := &wildFleet{Rand: rand.New(rand.NewPCG(seed, 77)), profile: map[string]string{}, docs: map[string]string{}, flows: map[int][2][]string{}, spec: map[int]string{}}
	f.n = 2 + f.IntN(4)
	f.profile["version"] = f.one("1.20", "1.20", "1.19", "1.18", "1.17")
	f.profile["scope"] = f.one("Namespace", "Namespace", "Cluster")
	f.profile["enforcement"] = f.one("Enforce", "AllowOnly")
	f.profile["mode"] = f.one("policy-cidr-match-mode: ''", "policy-cidr-match-mode: ''", "policy-cidr-match-mode: nodes", "")
	f.profile["nodeCIDRs"] = f.one("", "nodeCIDRs: [10.9.0.0/16]", "nodeCIDRs: [10.9.0.0/16]", "nodeCIDRs: [10.9.0.0/16], podCIDRs: [10.200.0.0/16], apiServer: {cidrs: [192.0.2.0/25], ports: [6443]}")
	for i := range f.n {
		f.spec[i] = "Enforce"
		f.editPods(i)
		f.editFlows(i)
	}
	f.docs["shop"] = f.podDoc("shop", "web", "web") + "---\n" + f.podDoc("shop", "two", "a")
	f.docs["ns-shop"] = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: shop}}\n"
	for range 3 {
		f.edit()
	}
	return f
}

func (f *wildFleet) podDoc(ns, name, app string) string {
	extra := f.rare(", serviceAccountName: special", ", serviceAccountName: special", map[bool]string{true: ", hostNetwork: true", false: ""}[f.IntN(8) == 0])
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s, labels: {app: %s%s}}\nspec: {containers: [{name: c, ports: [{name: %s, containerPort: %d}]}]%s}\n", name, ns, app, f.rare(", role: x", ", role: y"), f.one("http", "http", "grpc"), 8080+f.IntN(2), extra)
}

func (f *wildFleet) editPods(i int) {
	ns := fmt.Sprintf("tenant-t%d", i)
	out := fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {tier: %s%s}}\n", ns, f.one("front", "back"), f.rare(", team: red", ", team: blue"))
	for k, app := range []string{"a", "b", f.one("c", "d")} {
		out += "---\n" + f.podDoc(ns, fmt.Sprint("p", k), app)
	}
	out += f.rare("---\napiVersion: v1\nkind: Service\nmetadata: {name: svc, namespace: " + ns + "}\nspec: {selector: {app: " + f.one("a", "b") + "}, ports: [{port: 80, targetPort: " + f.one("8080", "http") + "}]}\n")
	f.docs[fmt.Sprint("pods", i)] = out
}

func (f *wildFleet) editFlows(i int) {
	var in, out []string
	port := func() string {
		return f.one("ports: [{port: 8080}]", "ports: [{port: 8080}]", "ports: [{port: 8081}]", "ports: [{port: 8080, endPort: 8090}]", "ports: [{port: 8080, protocol: ANY}]", "ports: [{port: 8070}], http: [{method: GET, path: '/"+f.one("a b", "a", "b")+"'}]", "ports: [{port: 9000, protocol: UDP}]")
	}
	for k := range f.IntN(4) {
		peer := f.one("cidrs: ["+f.network()+"]", "cidrs: [10.0.0.0/8], except: [10.1."+fmt.Sprint(f.IntN(3))+".0/24]", "fqdns: ['"+f.one("a", "b", "*.c", "x.c")+".example.com']", "fqdns: [a.example.com, b.example.com]", "namespace: shop", "namespace: shop, pods: {matchLabels: {app: web}}", "entities: ["+f.one("world", "kube-apiserver", "remote-node", "host", "cluster")+"]", "namespaceLabels: {tier: "+f.one("front", "back", "shop")+"}", "service: shop/svc")
		out = append(out, fmt.Sprintf("{name: out%d, %sto: [{%s}], %s, optional: true}", k, f.one("", "pods: {matchLabels: {app: a}}, "), peer, port()))
	}
	for k := range f.IntN(3) {
		peer := f.one("namespaceLabels: {tier: "+f.one("front", "back", "shop")+"}", "namespace: shop", "namespace: ops", "entities: ["+f.one("world", "ingress", "remote-node")+"]", "cidrs: ["+f.network()+"]", "anyTenant: true")
		in = append(in, fmt.Sprintf("{name: in%d, %sfrom: [{%s}], %s, optional: true}", k, f.one("", "pods: {matchLabels: {app: a}}, "), peer, port()))
	}
	f.flows[i] = [2][]string{in, out}
}

func (f *wildFleet) rule(side string) string {
	s := side
	dne := ", matchExpressions: [{key: io.kubernetes.pod.namespace, operator: DoesNotExist}]}]"
	return f.one(
		s+"Endpoints: [{matchLabels: {"+f.one("b", "a", "q")+".example.com: x}"+dne,
		s+"Endpoints: [{matchLabels: {'cidrgroup:io.cilium.policy.cidrgroupname/group': ''}"+dne,
		s+"Endpoints: [{matchLabels: {'cidr:10.1.0.0/16': ''}"+dne,
		s+"Endpoints: [{matchLabels: {'reserved:"+f.one("kube-apiserver", "world", "host", "remote-node", "init", "health")+"': ''}"+dne,
		s+"Endpoints: [{matchLabels: {'k8s:io.cilium.k8s.policy.cluster': west, io.kubernetes.pod.namespace: "+f.ns()+"}}]",
		s+"Endpoints: [{matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: NotIn, values: ["+f.ns()+"]}]}]",
		s+"Endpoints: [{}]", s+"Endpoints: []",
		s+"Endpoints: [{matchLabels: {app: "+f.app()+"}}]", s+"Endpoints: [{matchLabels: {io.kubernetes.pod.namespace: "+f.ns()+", app: "+f.app()+"}}]",
		s+"Endpoints: [{matchLabels: {'k8s:io.cilium.k8s.namespace.labels.tier': "+f.one("front", "back", "shop")+"}}]",
		s+"Endpoints: [{matchExpressions: [{key: io.cilium.k8s.namespace.labels.team, operator: "+f.one("Exists", "DoesNotExist")+"}]}]",
		s+"Endpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: In, values: ["+f.ns()+", "+f.ns()+"]}, {key: role, operator: NotIn, values: [x]}]}]",
		s+"Endpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: DoesNotExist}]}]",
		s+"Endpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: special}}]",
		s+"Entities: ["+f.one("cluster", "world", "host", "remote-node", "kube-apiserver", "all")+"]",
		s+"CIDR: ["+f.network()+"]", s+"CIDRSet: [{cidr: 10.0.0.0/8, except: ["+f.one("10.1.0.0/16", "10.1.2.0/24")+"]}]", s+"CIDRSet: [{cidrGroupRef: group}]", s+"CIDRSet: [{cidrGroupSelector: {matchLabels: {a: b}}}]",
	)
}

func (f *wildFleet) specOf() string {
	direction, side := "ingress", "from"
	if f.IntN(2) == 0 {
		direction, side = "egress", "to"
	}
	rule := f.rule(side)
	ports := f.one("", "", ", toPorts: [{ports: [{port: '8080', protocol: TCP}]}]", ", toPorts: [{ports: [{port: '8090', protocol: ANY}]}]")
	if f.IntN(4) > 0 {
		direction += "Deny"
	} else if direction == "ingress" || true {
		ports = f.one(", toPorts: [{ports: [{port: '8080', protocol: TCP}]}]", ", toPorts: [{ports: [{port: http, protocol: TCP}]}]")
		if f.IntN(3) == 0 && side == "to" {
			rule = "toFQDNs: [{" + f.one("matchName: a.example.com", "matchName: x.c.example.com", "matchPattern: '*.c.example.com'") + "}]"
		}
	}
	subject := "endpointSelector: " + f.one("{}", "{matchLabels: {app: "+f.app()+"}}", "{matchLabels: {app: none}}")
	if f.IntN(4) == 0 {
		rule, ports = f.one("icmps: [{fields: [{type: 8, family: IPv4}]}]", "toPorts: [{ports: [{port: '8080', protocol: TCP}]}]", rule+", icmps: [{fields: [{type: 8, family: IPv4}]}]", ""), ""
	}
	return f.one("enableDefaultDeny: {ingress: false, egress: false}, ", "enableDefaultDeny: {ingress: false, egress: false}, ", "") + subject + ", " + direction + ": [{" + rule + ports + "}]"
}

func (f *wildFleet) kubernetes(ns string) string {
	peer := f.one("{namespaceSelector: {matchLabels: {tier: "+f.one("front", "back", "shop")+"}}}", "{podSelector: {matchLabels: {app: "+f.app()+"}}}", "{ipBlock: {cidr: 10.1.0.0/16, except: [10.1.2.0/24]}}", "{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}, podSelector: {}}")
	return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: knp, namespace: " + ns + "}\nspec: {podSelector: {matchLabels: {app: " + f.one("a", "none") + "}}, policyTypes: [Egress], egress: [{to: [" + peer + "], ports: [{port: 8080}]}]}\n"
}

func (f *wildFleet) edit() string {
	i := f.IntN(f.n)
	what := f.IntN(23)
	switch what {
	case 0, 1:
		f.editPods(i)
	case 2, 3, 4:
		f.editFlows(i)
	case 5:
		f.spec[i] = f.one("Enforce", "Enforce", "AllowOnly")
	case 6, 7, 8:
		ns := f.ns()
		f.docs["hand-"+ns] = f.one("", byHandRaw(ns, f.specOf()), byHandRaw(ns, f.specOf()))
	case 9:
		f.docs["wide"] = f.one("", "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: wide}\nspec: {"+strings.Replace(f.specOf(), "endpointSelector: {}", "endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: "+f.one(f.ns(), "ghost")+"}}", 1)+"}\n")
	case 10:
		f.docs["ghost"] = f.rare(byHandRaw("ghost", f.specOf()))
	case 11:
		f.docs["group"] = f.one("", "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: group, labels: {a: b}}\nspec: {externalCIDRs: ["+f.one("10.1.0.0/26, 10.1.2.64/26", "192.0.2.0/26", "10.1.2.0/24")+"]}\n")
	case 12:
		ns := f.ns()
		f.docs["knp"] = f.one("", f.kubernetes(ns))
	case 13:
		f.docs["shop"] = f.podDoc("shop", "web", f.one("web", "a")) + "---\n" + f.podDoc("shop", "two", "a") + f.rare("---\napiVersion: v1\nkind: Service\nmetadata: {name: svc, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}\n")
	case 14:
		f.docs["node"] = f.rare("apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {role: worker}}\nstatus: {addresses: [{type: InternalIP, address: "+f.one("10.9.1.5", "10.1.2.9")+"}]}\n", "apiVersion: cilium.io/v2\nkind: CiliumNodeConfig\nmetadata: {name: some, namespace: kube-system}\nspec: {nodeSelector: {}, defaults: {"+f.one("policy-cidr-match-mode: nodes", "enable-ipv6: 'true'", "policy-default-local-cluster: 'false'")+"}}\n")
	case 15:
		f.docs["external"] = f.rare("apiVersion: tenantfence.dev/v1alpha1\nkind: ExternalResources\nmetadata: {name: more}\nspec: {namespaces: [{name: "+f.one("shop", "ops", "tenant-t0")+", workloads: [{name: outside, labels: {app: "+f.app()+"}}]}]}\n",
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: local, namespace: "+f.ns()+", annotations: {config.kubernetes.io/local-config: 'true'}}\nspec: {selector: {matchLabels: {app: c}}, template: {metadata: {labels: {app: c}}, spec: {containers: [{name: c}]}}}\n")
	case 16:
		f.docs["ops"] = f.rare("apiVersion: v1\nkind: Namespace\nmetadata: {name: ops, labels: {tier: " + f.one("front", "ops") + "}}\n---\n" + f.podDoc("ops", "o", f.app()))
	case 17:
		f.docs["test"] = f.rare(fmt.Sprintf("apiVersion: tenantfence.dev/v1alpha1\nkind: FlowTest\nmetadata: {name: flows}\nspec: {cases: [{name: one, from: %s, to: %s, port: 8080, expect: %s}]}\n", f.one("tenant/t0/app=a", "external", "shop/web", "10.1.2.3"), f.one("tenant/t1/app=b", "tenant/t0/*", "external", "10.1.2.3", "host", "a.example.com"), f.one("Allow", "Deny")))
	case 18:
		f.profile["nodes"] = f.rare("nodes: [{name: workers, nodeSelector: {matchLabels: {role: worker}}, ingress: [{name: in, from: [{" + f.one("entities: [world]", "namespace: shop", "cidrs: [10.1.0.0/16]") + "}], ports: [{port: 6443}]}]}]")
		f.profile["every"] = f.rare("allTenants: {egress: [{name: every, to: [{" + f.one("cidrs: [10.1.0.0/16]", "namespace: ops", "entities: [kube-apiserver]") + "}], ports: [{port: 8080}], optional: true}]}")
		f.profile["baseline"] = f.rare("baseline: {monitoring: {namespace: ops, ports: [{port: 8080}]}, apiServer: {ports: [6443]}}", "baseline: {intraNamespace: false}")
	case 19:
		f.profile["config"] = f.one("", "policy-default-local-cluster: 'false'", "enable-ipv6: 'true'", "policy-default-local-cluster: 'false'", "enable-host-firewall: 'true'", "enable-non-default-deny-policies: 'true'", "enable-sctp: 'true'", "labels: 'k8s:app k8s:io.kubernetes.pod.namespace k8s:io.cilium.k8s.policy.cluster'")
		f.profile["claims"] = f.rare("t0: [tenant-t0, extra]", "t1: [tenant-t1, extra]")
	case 20:
		f.profile["shared"] = f.rare("yes")
	case 21:
		f.docs["other"] = f.rare(byHandRaw(f.one("shop", "ops", "ghost"), "enableDefaultDeny: {ingress: false, egress: false}, endpointSelector: {matchLabels: {app: none}}, egress: [{toFQDNs: [{"+f.one("matchName: b.example.com", "matchName: A.example.com")+"}, {matchName: q.example.com}]}]"))
	case 22:
		f.docs["rejected"] = f.rare(byHandRaw(f.one("shop", "ops", "ghost"), "endpointSelector: {}, egressDeny: [{toCIDR: [10.1.2.0/25], toPorts: [{ports: [{port: '8080'}]}]"+f.one(", icmps: [{fields: [{type: 8}]}]", "")+"}]"))
	}
	return fmt.Sprint(what)
}

func byHandRaw(namespace, spec string) string {
	return fmt.Sprintf("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: by-hand, namespace: %s}\nspec: {%s}\n", namespace, spec)
}

func (f *wildFleet) text() string {
	p := f.profile
	join := func(all ...string) string {
		return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), ", ")
	}
	profile := "apiVersion: tenantfence.dev/v1alpha1\nkind: FenceProfile\nmetadata: {name: platform}\nspec:\n  cluster: {" + join("cni: Cilium", "ciliumVersion: '"+p["version"]+"'", p["nodeCIDRs"], "ciliumConfig: {"+join(p["mode"], "kube-proxy-replacement: 'true'", "bpf-policy-map-max: '256'", p["config"])+"}") + "}\n  scope: " + p["scope"] + "\n  enforcement: " + p["enforcement"] + "\n"
	for _, k := range []string{"nodes", "every", "baseline"} {
		if p[k] != "" {
			profile += "  " + p[k] + "\n"
		}
	}
	claims := p["claims"]
	if p["shared"] != "" {
		claims, profile = "t0: [tenant-t0, common], t1: [tenant-t1, common]", profile+"  sharedNamespaces: [common]\n"
	}
	profile += "  tenants: {claims: {" + claims + "}}\n  excludedNamespaces: [{name: shop, reason: x}, {name: ops, reason: x}]\n"
	profile += "  limits: {hostNetwork: true, enforcement: [AllowOnly], anyTenant: true, l7: [HTTP], fqdns: ['*.example.com', '*.c.example.com'], cidrs: [0.0.0.0/0, '::/0'], namespaceLabels: true, namespaces: [shop, ops], entities: [world, kube-apiserver, remote-node, host, cluster, ingress]}\n"
	docs := []string{profile}
	if p["shared"] != "" {
		docs = append(docs, "apiVersion: v1\nkind: Namespace\nmetadata: {name: common, labels: {tier: front}}\n"+pod("common", "a", "a")+pod("common", "b", "b")+pod("common", "c", "c"))
	}
	for i := range f.n {
		if p["shared"] != "" && i < 2 {
			docs = append(docs, fmt.Sprintf("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: t%d}\nspec: {namespaces: [common], pods: {matchLabels: {app: %s}}, enforcement: %s, ingress: [%s], egress: [%s]}\n", i, []string{"a", "b"}[i], f.spec[i], strings.Join(f.flows[i][0], ", "), strings.Join(f.flows[i][1], ", ")))
			continue
		}
		docs = append(docs, fmt.Sprintf("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: t%d}\nspec: {enforcement: %s, ingress: [%s], egress: [%s]}\n", i, f.spec[i], strings.Join(f.flows[i][0], ", "), strings.Join(f.flows[i][1], ", ")))
	}
	var keys []string
	for k := range f.docs {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if f.docs[k] != "" {
			docs = append(docs, f.docs[k])
		}
	}
	return strings.Join(docs, "---\n")
}

// TestPartsOfRandomFleets edits fleets, and compares a proof without a cache with one that has the results of all builds
// before, and with its shards together.
func TestPartsOfRandomFleets(t *testing.T) {
	t.Parallel()
	seeds := uint64(4)
	if s, err := strconv.ParseUint(os.Getenv("TENANTFENCE_TEST_SEEDS"), 10, 64); err == nil {
		seeds = s
	}
	if testing.Short() {
		seeds = 1
	}
	runs, recalled := 0, 0
	for seed := range seeds {
		f, cache := newWildFleet(seed), memory{}
		for step := range 12 {
			items := itemsOf(t, f.text())
			want, _ := outcomeOf(t, items, nil)
			got, known := outcomeOf(t, items, cache)
			if diff := cmp.Diff(plain(want), plain(got)); diff != "" {
				t.Fatalf("seed %d, step %d, %d of %d recalled:\n%.3000s\n%s", seed, step, known, f.n, diff, f.text())
			}
			if step%3 == 0 {
				shardsDiffer(t, f.text(), fmt.Sprintf("seed %d, step %d", seed, step))
			}
			runs, recalled = runs+1, recalled+known
			f.edit()
		}
	}
	// Most edits make an error, or change what all tenants depend on.
	if recalled < runs/6 {
		t.Errorf("only %d tenants were recalled in %d runs", recalled, runs)
	}
}

var podCounts = regexp.MustCompile(`Pods:\d+|[(]\d+ pods?`)

// plain omits numbers of pods.
func plain(all []string) []string {
	var out []string
	for _, text := range all {
		if before, after, found := strings.Cut(text, ": allows "); found {
			// Its examples and counts have representative pods.
			check := after[strings.Index(after, " [")+1:]
			text = before + " " + check[:strings.Index(check, "]")+1]
		}
		out = append(out, podCounts.ReplaceAllString(text, ""))
	}
	return out
}

// shardsDiffer compares which checks report an error or a warning in the whole, and in three shards together.
func shardsDiffer(t *testing.T, build, name string) {
	t.Helper()
	items := itemsOf(t, build)
	checks := func(of map[string]bool, into map[string]bool) {
		for text := range of {
			check, _, _ := strings.Cut(text, " ")
			into[check] = true
		}
	}
	whole, together := map[string]bool{}, map[string]bool{}
	checks(problemsOf(t, items, report.Slice{}), whole)
	for shard := range 3 {
		checks(problemsOf(t, items, report.Slice{Shard: shard + 1, Shards: 3}), together)
	}
	if !whole[report.AgentSettingUnspecified.Name] {
		// A whole with an error tries no other settings, and a shard without one does.
		delete(together, report.AgentSettingUnspecified.Name)
	}
	if diff := cmp.Diff(whole, together); diff != "" && !whole[report.PolicyRejected.Name] {
		t.Errorf("%s: the whole, and 3 shards together, report:\n%.2500s\n%s", name, diff, build)
	}
}
