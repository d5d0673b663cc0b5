package fn_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/proof"
	"github.com/tenantfence/tenantfence/internal/report"
)

// memory is a cache.
type memory map[[sha256.Size]byte][]byte

func (m memory) Get(key [sha256.Size]byte) ([]byte, bool, error) {
	value, ok := m[key]
	return value, ok, nil
}

func (m memory) Put(key [sha256.Size]byte, value []byte) error {
	m[key] = value
	return nil
}

// editedFleet is a build that random edits change.
type editedFleet struct {
	*rand.Rand
	tenants int
	agreed  []agreedFlow
	// enforcement, pods and policies are those of each tenant, and egress and ingress its further flows.
	enforcement, pods, policies []string
	egress, ingress             [][]string
	// common are documents of no tenant.
	common map[string]string
	// scope is spec.scope, and shared reports that the last two tenants share a namespace.
	scope  string
	shared bool
}

func newEditedFleet(seed uint64, tenants int) *editedFleet {
	f := &editedFleet{Rand: rand.New(rand.NewPCG(seed, 16)), tenants: tenants, enforcement: make([]string, tenants), pods: make([]string, tenants), policies: make([]string, tenants), egress: make([][]string, tenants), ingress: make([][]string, tenants), common: map[string]string{}}
	f.common["shop"] = shopPod("web", 8080)
	f.scope, f.shared = f.oneOf("Namespace", "Namespace", "Cluster"), tenants > 2 && f.IntN(3) == 0
	for i := range tenants {
		f.enforcement[i] = "Enforce"
		f.editFlows(i)
		f.editPods(i)
		f.editAgreed()
	}
	return f
}

func (f *editedFleet) oneOf(texts ...string) string { return texts[f.IntN(len(texts))] }

func (f *editedFleet) other() string { return fmt.Sprintf("t%d", f.IntN(f.tenants)) }

// flow is one that two tenants agree on.
type agreedFlow struct {
	from, to         int
	fromPods, toPods string
	port             int
}

// editAgreed adds or removes a flow between tenants.
func (f *editedFleet) editAgreed() {
	if n := len(f.agreed); n > f.tenants || n > 0 && f.IntN(3) == 0 {
		f.agreed = slices.Delete(f.agreed, n-1, n)
		return
	}
	one := agreedFlow{f.IntN(f.tenants), f.IntN(f.tenants), f.oneOf("a", "b"), f.oneOf("a", "b"), 8080 + f.IntN(3)}
	if one.from != one.to {
		f.agreed = append(f.agreed, one)
	}
}

// editFlows declares other flows of a tenant to what belongs to no other.
func (f *editedFleet) editFlows(i int) {
	f.egress[i], f.ingress[i] = nil, nil
	for n := range f.IntN(3) {
		peer := f.oneOf("cidrs: [10.1."+fmt.Sprint(f.IntN(3))+".0/24]", "fqdns: ['"+f.oneOf("a", "b", "*.c")+".example.com']", "namespace: shop", "entities: [world]")
		f.egress[i] = append(f.egress[i], fmt.Sprintf("{name: own%d, pods: {matchLabels: {app: %s}}, to: [{%s}], ports: [{port: %d}]}", n, f.oneOf("a", "b"), peer, 8080+f.IntN(3)))
	}
	if f.IntN(3) == 0 {
		f.ingress[i] = append(f.ingress[i], fmt.Sprintf("{name: labelled, pods: {matchLabels: {app: %s}}, from: [{namespaceLabels: {tier: %s}}], ports: [{port: 8080}]}", f.oneOf("a", "b"), f.oneOf("front", "shop", "shop", "shop")))
	}
}

// tenant is the document of a tenant.
func (f *editedFleet) tenant(i int) string {
	egress, ingress := slices.Clone(f.egress[i]), slices.Clone(f.ingress[i])
	for n, flow := range f.agreed {
		if flow.from == i {
			egress = append(egress, fmt.Sprintf("{name: to%d, pods: {matchLabels: {app: %s}}, to: [{tenant: t%d, pods: {matchLabels: {app: %s}}}], ports: [{port: %d}]}", n, flow.fromPods, flow.to, flow.toPods, flow.port))
		}
		if flow.to == i {
			ingress = append(ingress, fmt.Sprintf("{name: from%d, pods: {matchLabels: {app: %s}}, from: [{tenant: t%d, pods: {matchLabels: {app: %s}}}], ports: [{port: %d}]}", n, flow.toPods, flow.from, flow.fromPods, flow.port))
		}
	}
	own := ""
	if f.shared && i >= f.tenants-2 {
		own = fmt.Sprintf("namespaces: [tenant-t%d], pods: {matchLabels: {app: %s}}, ", f.tenants-2, []string{"a", "b"}[i%2])
	}
	return fmt.Sprintf("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: t%d}\nspec: {%senforcement: %s, egress: [%s], ingress: [%s]}\n", i, own, f.enforcement[i], strings.Join(egress, ", "), strings.Join(ingress, ", "))
}

// editPods declares other pods of a tenant, and labels of its namespace.
func (f *editedFleet) editPods(i int) {
	out := fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: tenant-t%d, labels: {tier: %s}}\n", i, f.oneOf("front", "back"))
	for n, app := range []string{"a", "b", f.oneOf("c", "d")} {
		out += fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%d, namespace: tenant-t%d, labels: {app: %s}}\nspec: {containers: [{name: c, ports: [{name: http, containerPort: %d}]}]}\n",
			n, i, app, 8080+f.IntN(2))
	}
	f.pods[i] = out
}

// editPolicy writes a policy by hand, which few of the tenants have.
func (f *editedFleet) editPolicy(i int) {
	f.policies[i] = ""
	if f.IntN(3) > 0 {
		return
	}
	direction, side := "ingress", "from"
	if f.IntN(2) == 0 {
		direction, side = "egress", "to"
	}
	rule := f.oneOf(
		side+"Endpoints: [{matchLabels: {app: "+f.oneOf("a", "b")+"}}]",
		side+"Endpoints: [{matchLabels: {io.kubernetes.pod.namespace: tenant-"+f.other()+", app: a}}]",
		side+"Endpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.tier: "+f.oneOf("front", "back")+"}}]",
		side+"Endpoints: [{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [tenant-"+f.other()+"]}]}]",
		side+"Entities: ["+f.oneOf("cluster", "world", "host", "kube-apiserver")+"]", side+"CIDR: ["+f.oneOf("10.1.0.0/16", "0.0.0.0/0", "10.1.2.128/25")+"]",
		side+"CIDRSet: [{cidr: 10.0.0.0/8, except: [10.1."+fmt.Sprint(f.IntN(4))+".0/24]}]", side+"Endpoints: [{}]",
	) + f.oneOf("", ", toPorts: [{ports: [{port: '8080', protocol: TCP}]}]", ", toPorts: [{ports: [{port: http, protocol: TCP}]}]")
	if f.IntN(4) == 0 {
		direction += "Deny"
		rule = strings.ReplaceAll(rule, "port: http", "port: '8081'")
	}
	f.policies[i] = fmt.Sprintf("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: by-hand, namespace: tenant-t%d}\nspec: {enableDefaultDeny: {ingress: false, egress: false}, endpointSelector: {matchLabels: {app: %s}}, %s: [{%s}]}\n", i, f.oneOf("a", "b"), direction, rule)
}

// editCommon changes what belongs to no tenant.
func (f *editedFleet) editCommon() {
	switch f.IntN(7) {
	case 3:
		f.common["ghost"] = f.oneOf("", ghostPolicy("endpointSelector: {}, ingress: [{fromEndpoint: [{matchLabels: {a: b}}]}]"), ghostPolicy("endpointSelector: {matchLabels: {reserved:init: ''}}, ingress: [{fromEntities: [world]}]"),
			ghostPolicy("endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupRef: "+f.oneOf("group", "missing")+"}]}]"), ghostPolicy("endpointSelector: {}, egress: [{toCIDRSet: [{cidrGroupSelector: {matchLabels: {a: b}}}, {cidr: 10.1.3.0/24}]}]"),
			ghostPolicy("endpointSelector: {}, egress: [{toCIDR: [10.1.2.3, 10.1.7.0/24]}, {toFQDNs: [{matchName: b.example.com}]}]"))
	case 4:
		f.common["group"] = f.oneOf("", "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: group, labels: {a: b}}\nspec: {externalCIDRs: [10.1.0.0/26, 10.1.1.0/26, 10.1.2.64/26]}\n")
	case 5:
		f.common["nodes"] = f.oneOf("", "apiVersion: cilium.io/v2\nkind: CiliumNodeConfig\nmetadata: {name: some, namespace: kube-system}\nspec: {nodeSelector: {}, defaults: {"+f.oneOf("enable-icmp-rules: 'false'", "enable-ipv6: 'true'")+"}}\n",
			fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: port, namespace: tenant-%s}\nspec: {type: NodePort, selector: {app: a}, ports: [{port: 8080, nodePort: 30080}]}\n", f.other()))
	case 0:
		f.common["clusterwide"] = f.oneOf("", fmt.Sprintf("apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: wide}\nspec: {enableDefaultDeny: {ingress: false, egress: false}, endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: tenant-%s}}, egress: [{toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: %s}}]}]}\n", f.other(), f.oneOf("shop", "tenant-"+f.other())))
	case 1:
		f.common["shop"] = shopPod(f.oneOf("a", "web"), 8080+f.IntN(2))
	default:
		f.common["test"] = f.oneOf("", fmt.Sprintf("apiVersion: tenantfence.dev/v1alpha1\nkind: FlowTest\nmetadata: {name: flows}\nspec: {cases: [{name: one, from: tenant/%s/app=a, to: %s, port: 8080, expect: %s}]}\n",
			f.other(), f.oneOf("tenant/"+f.other()+"/app=b", "external", "host", "shop/web", "10.1.2.3", "a.example.com", "tenant-"+f.other()+"/p0", "tenant-t0/missing"), f.oneOf("Allow", "Deny")))
	}
}

// ghostPolicy is a policy in a namespace that nothing else has.
func ghostPolicy(spec string) string {
	return "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: ghost, namespace: ghost}\nspec: {" + spec + "}\n"
}

// shopPod is a pod of no tenant.
func shopPod(app string, port int) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: %s}}\nspec: {containers: [{name: c, ports: [{name: http, containerPort: %d}]}]}\n", app, port)
}

// edit changes one thing.
func (f *editedFleet) edit() {
	switch i := f.IntN(f.tenants); f.IntN(8) {
	case 0, 1:
		f.editFlows(i)
	case 2, 3:
		f.editAgreed()
	case 4:
		f.editPods(i)
	case 5:
		f.editPolicy(i)
	case 6:
		f.enforcement[i] = f.oneOf("Enforce", "AllowOnly")
	default:
		f.editCommon()
	}
}

func (f *editedFleet) items(t *testing.T) []*yaml.RNode {
	t.Helper()
	documents := []string{
		"apiVersion: tenantfence.dev/v1alpha1\nkind: FenceProfile\nmetadata: {name: platform}\nspec:\n  cluster: {cni: Cilium, ciliumVersion: '" + []string{"1.20", "1.19"}[f.tenants%2] + "', ciliumConfig: {policy-cidr-match-mode: '', kube-proxy-replacement: 'true', bpf-policy-map-max: '256'}}\n  enforcement: AllowOnly\n  scope: " + f.scope + "\n  limits: {fqdns: ['*.example.com', '*.c.example.com'], cidrs: [10.0.0.0/8], namespaceLabels: true, namespaces: [shop], entities: [world]}\n",
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: shop}}\n",
	}
	for i := range f.tenants {
		documents = append(documents, f.tenant(i))
	}
	documents = slices.Concat(documents, f.pods, f.policies, []string{f.common["clusterwide"], f.common["shop"], f.common["test"], f.common["ghost"], f.common["group"], f.common["nodes"]})
	documents = slices.DeleteFunc(documents, func(text string) bool { return text == "" })
	nodes, err := kio.FromBytes([]byte(strings.Join(documents, "---\n")))
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

// outcomeOf is what a run reports, without the number of tenants that the cache has.
func outcomeOf(t *testing.T, items []*yaml.RNode, cache proof.Cache) (text []string, recalled int) {
	t.Helper()
	config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}}")
	r, err := fn.Process(config, copied(items), fn.Options{Cache: cache})
	text = append(text, fmt.Sprint(err))
	for _, f := range r.Findings {
		text = append(text, fmt.Sprintf("%s %q", f, f.Details))
	}
	if i := r.Report.Isolation; i != nil {
		recalled = i.Recalled
		for n := range text {
			text[n] = strings.ReplaceAll(text[n], fmt.Sprintf("; %s from the cache", report.Count(recalled, "tenant")), "")
		}
		one := *i
		one.Recalled, one.Openings = 0, 0
		text = append(text, fmt.Sprintf("%+v %#v", *r.Report.Agents, one))
	}
	for _, test := range r.Report.FlowTests {
		text = append(text, fmt.Sprintf("%+v", test))
	}
	return text, recalled
}

// cacheSeeds is the number of fleets. TENANTFENCE_TEST_SEEDS sets another.
func cacheSeeds() uint64 {
	if s, err := strconv.ParseUint(os.Getenv("TENANTFENCE_TEST_SEEDS"), 10, 64); err == nil {
		return s
	}
	return 40
}

// TestCacheRecallsWhatNothingTouches edits one thing in a ring of tenants, each with a flow to the next one, and counts the
// tenants that are not decided again.
func TestCacheRecallsWhatNothingTouches(t *testing.T) {
	t.Parallel()
	const tenants = 8
	ring := func() *editedFleet {
		f := newEditedFleet(1, tenants)
		f.scope, f.shared, f.agreed = "Namespace", false, nil
		for i := range tenants {
			f.enforcement[i], f.policies[i], f.egress[i], f.ingress[i] = "Enforce", "", []string{fmt.Sprintf("{name: own, to: [{cidrs: [10.1.%d.0/24]}], ports: [{port: 5432}]}", i)}, nil
			f.pods[i] = strings.ReplaceAll(strings.ReplaceAll(f.pods[i], "tier: back", "tier: front"), "app: d", "app: c")
			f.agreed = append(f.agreed, agreedFlow{i, (i + 1) % tenants, "a", "b", 8080})
		}
		return f
	}
	cache := memory{}
	if _, recalled := outcomeOf(t, ring().items(t), cache); recalled != 0 || len(cache) != tenants {
		t.Fatalf("an empty cache has %d tenants, and then %d", recalled, len(cache))
	}
	clusterwide := func(peers string) string {
		return "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: wide}\nspec: {enableDefaultDeny: {ingress: false, egress: false}, endpointSelector: {matchLabels: {io.kubernetes.pod.namespace: tenant-t0, app: none}}, egress: [{" + peers + "}]}\n"
	}
	for _, c := range []struct {
		name string
		edit func(f *editedFleet)
		want int
	}{
		{"nothing", func(*editedFleet) {}, tenants},
		{"a pod", func(f *editedFleet) { f.pods[3] = strings.ReplaceAll(f.pods[3], "app: c", "app: e") }, tenants - 3},
		{"a label of a namespace", func(f *editedFleet) { f.pods[3] = strings.ReplaceAll(f.pods[3], "tier: front", "tier: other") }, tenants - 3},
		{"a flow", func(f *editedFleet) { f.egress[3][0] = strings.ReplaceAll(f.egress[3][0], "5432", "5433") }, tenants - 3},
		{"a flow to another tenant", func(f *editedFleet) { f.agreed = append(f.agreed, agreedFlow{0, 4, "a", "b", 8080}) }, tenants - 6},
		{"the enforcement", func(f *editedFleet) { f.enforcement[3] = "AllowOnly" }, tenants - 3},
		{"a smaller network", func(f *editedFleet) {
			f.egress[3] = append(f.egress[3], "{name: small, to: [{cidrs: [10.1.6.64/26]}], ports: [{port: 5432}]}")
		}, tenants - 4},
		{"a pod without a tenant", func(f *editedFleet) { f.common["shop"] = shopPod("other", 8080) }, tenants},
		{"a policy of one namespace", func(f *editedFleet) {
			f.common["clusterwide"] = clusterwide("toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: shop}}]")
		}, 0},
		{"the profile", func(f *editedFleet) { f.scope = "Cluster" }, 0},
	} {
		f := ring()
		c.edit(f)
		items := f.items(t)
		want, _ := outcomeOf(t, items, nil)
		got, recalled := outcomeOf(t, items, maps.Clone(cache))
		if diff := cmp.Diff(want, got); diff != "" || recalled != c.want {
			t.Errorf("%s: %d of %d tenants are recalled, want %d:\n%s", c.name, recalled, tenants, c.want, diff)
		}
	}
}

// fleetSize is mostly small, and 50 for a few.
func fleetSize(seed uint64) int {
	if seed%40 == 39 {
		return 50
	}
	return 2 + int(seed%7)
}

// TestCacheFindsWhatAFullProofFinds makes random edits, and proves each build anew with a cache of all builds before, and
// without one.
func TestCacheFindsWhatAFullProofFinds(t *testing.T) {
	t.Parallel()
	recalled, runs := 0, 0
	for seed := range cacheSeeds() {
		fleet := newEditedFleet(seed, fleetSize(seed))
		cache := memory{}
		for step := range 10 {
			items := fleet.items(t)
			want, _ := outcomeOf(t, items, nil)
			got, known := outcomeOf(t, items, cache)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, step %d, %d of %d tenants from the cache: without and with it:\n%s", seed, step, known, fleet.tenants, diff)
			}
			recalled += known
			runs++
			fleet.edit()
		}
	}
	fmt.Println("RUNS", runs, "recalled", recalled)
}
