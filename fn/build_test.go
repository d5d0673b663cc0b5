package fn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// build is a generated input: valid, with peers that may go away again.
type build struct {
	// version of Cilium; "" is another enforcer, of NetworkPolicies.
	version, enforcement string
	narrowDNS            bool
	scope                string
	// proved reports that the build is proved. Proving every build would take too long.
	proved  bool
	tenants []generatedTenant
}

type generatedTenant struct {
	name, enforcement string
	egress            []generatedFlow
}

// generatedFlow is an egress flow, to a network, to names, or to a tenant, which
// agrees.
type generatedFlow struct {
	name, app string
	cidrs     []string
	fqdns     []string
	tenant    string
	ports     []int
}

// randomBuild is the same build for the same seed.
func randomBuild(seed uint64) *build {
	r := rand.New(rand.NewPCG(seed, 1))
	b := &build{
		version:     pick(r, "1.16", "1.18", "1.19", "1.20", ""),
		enforcement: pick(r, "AllowOnly", "Enforce"), narrowDNS: r.IntN(3) == 0, proved: seed%4 == 0,
		scope: []string{"Namespace", "Namespace", "Cluster"}[seed%3],
	}
	if b.version == "" {
		b.narrowDNS, b.scope = false, "Namespace"
	}
	names := []string{"acme", "beta", "gamma", "delta", "omega"}[:2+r.IntN(4)]
	for _, name := range names {
		t := generatedTenant{name: name}
		if r.IntN(3) == 0 {
			t.enforcement = pick(r, "AllowOnly", "Enforce")
		}
		for i := range r.IntN(4) {
			t.egress = append(t.egress, randomFlow(r, fmt.Sprintf("flow%d", i), name, names))
		}
		b.tenants = append(b.tenants, t)
	}
	return b
}

func randomFlow(r *rand.Rand, name, tenant string, tenants []string) generatedFlow {
	f := generatedFlow{name: name, app: pick(r, "", "a", "b")}
	for range 1 + r.IntN(3) {
		f.ports = append(f.ports, 8000+r.IntN(40))
	}
	slices.Sort(f.ports)
	f.ports = slices.Compact(f.ports)
	switch peer := pick(r, tenants...); {
	case peer != tenant && r.IntN(2) == 0:
		f.tenant = peer
	case r.IntN(2) == 0:
		for range 1 + r.IntN(3) {
			f.cidrs = append(f.cidrs, fmt.Sprintf("198.51.100.%d/32", r.IntN(200)))
		}
		slices.Sort(f.cidrs)
		f.cidrs = slices.Compact(f.cidrs)
	default:
		f.fqdns = []string{fmt.Sprintf("api%d.example.com", r.IntN(9)), "*.cdn.example.com"}[:1+r.IntN(2)]
	}
	return f
}

func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

// changed is a copy in which one thing is another: a port, a network, a flow, an
// enforcement.
func (b *build) changed(r *rand.Rand) *build {
	c := *b
	c.tenants = slices.Clone(b.tenants)
	i := r.IntN(len(c.tenants))
	t := &c.tenants[i]
	t.egress = slices.Clone(t.egress)
	var names []string
	for _, other := range c.tenants {
		names = append(names, other.name)
	}
	how := r.IntN(4)
	if len(t.egress) == 0 {
		how = 2 + r.IntN(2)
	}
	switch how {
	case 0:
		f := &t.egress[r.IntN(len(t.egress))]
		f.ports = append(slices.Clone(f.ports), 9000+r.IntN(9))
		if len(f.cidrs) > 0 {
			f.cidrs = append(slices.Clone(f.cidrs), "198.51.100.255/32")[r.IntN(2):]
		}
	case 1:
		t.egress = slices.Delete(t.egress, 0, 1)
	case 2:
		t.egress = append(t.egress, randomFlow(r, "another", t.name, names))
	default:
		t.enforcement = pick(r, "AllowOnly", "Enforce")
	}
	return &c
}

// less is a copy without a tenant; who has a flow to it keeps it, as optional.
func (b *build) less(i int) *build {
	c := *b
	c.tenants = slices.Delete(slices.Clone(b.tenants), i, i+1)
	return &c
}

func (b *build) config(t *testing.T) *yaml.RNode {
	t.Helper()
	proof := "None"
	if b.proved {
		proof = "Isolation"
	}
	return parse(t, "fence.yaml", []byte("apiVersion: tenantfence.dev/v1alpha1\nkind: TenantFence\nmetadata: {name: platform}\nspec: {proof: "+proof+"}\n"))[0]
}

// items of the build: the profile, the Tenants and their pods.
func (b *build) items(t *testing.T) []*yaml.RNode {
	t.Helper()
	dns := ""
	if b.narrowDNS {
		dns = "  baseline: {dns: {names: ['*.cluster.local']}}\n"
	}
	profile := fmt.Sprintf(`apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata: {name: platform}
spec:
  cluster: {cni: Cilium, ciliumVersion: "%s"}
  enforcement: %s
  scope: %s
  excludedNamespaces: [{name: kube-system, reason: run by others}]
%s  limits: {cidrs: [198.51.100.0/24], fqdns: ["*.example.com", "*.cdn.example.com"], enforcement: [AllowOnly]}
`, b.version, b.enforcement, b.scope, dns)
	if b.version == "" {
		profile = strings.Replace(profile, `cluster: {cni: Cilium, ciliumVersion: ""}`, proxied, 1)
	}
	out := parse(t, "profile.yaml", []byte(profile))
	if b.version == "" {
		out = append(out, parse(t, "proxy.yaml", []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: squid, namespace: proxies}\nspec: {containers: [{name: squid}]}\n"))...)
	}
	for _, tenant := range b.tenants {
		out = append(out, parse(t, tenant.name+".yaml", []byte(b.tenant(tenant)))...)
		out = append(out, parse(t, "cluster.yaml", []byte(cluster(tenant.name)))...)
	}
	return out
}

// proxied is a cluster in which names are reached through a proxy.
const proxied = `cluster: {cni: Kubernetes, podCIDRs: [10.244.0.0/16], nodeCIDRs: [192.168.0.0/24]}
  egressProxy: {namespace: proxies, port: 3128}`

func cluster(tenant string) string {
	out := "apiVersion: v1\nkind: Namespace\nmetadata: {name: tenant-" + tenant + "} # of " + tenant + "\n"
	for _, app := range []string{"a", "b"} {
		out += fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: tenant-%s, labels: {app: %s}}\nspec: {containers: [{name: app}]}\n", app, tenant, app)
	}
	return out
}

// tenant writes a Tenant, with the ingress to which other tenants' egress needs its
// consent.
func (b *build) tenant(t generatedTenant) string {
	var out strings.Builder
	out.WriteString("apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: " + t.name + "}\nspec:\n")
	if t.enforcement != "" {
		out.WriteString("  enforcement: " + t.enforcement + "\n")
	}
	out.WriteString("  egress:\n")
	for _, f := range t.egress {
		fmt.Fprintf(&out, "  - {name: %s, optional: true, to: [%s], ports: [%s]", f.name, f.peer(), f.portList())
		if f.app != "" {
			out.WriteString(", pods: {matchLabels: {app: " + f.app + "}}")
		}
		out.WriteString("}\n")
	}
	out.WriteString("  ingress:\n")
	for _, other := range b.tenants {
		for _, f := range other.egress {
			if f.tenant == t.name {
				fmt.Fprintf(&out, "  - {name: %s-%s, optional: true, from: [{tenant: %s}], ports: [%s]}\n", other.name, f.name, other.name, f.portList())
			}
		}
	}
	s := out.String()
	s = strings.Replace(s, "  egress:\n  ingress:\n", "  ingress:\n", 1)
	return strings.TrimSuffix(strings.TrimSuffix(s, "  ingress:\n"), "spec:\n")
}

func (f generatedFlow) peer() string {
	switch {
	case f.tenant != "":
		return "{tenant: " + f.tenant + "}"
	case len(f.cidrs) > 0:
		return "{cidrs: [" + strings.Join(f.cidrs, ", ") + "]}"
	}
	return `{fqdns: ["` + strings.Join(f.fqdns, `", "`) + `"]}`
}

func (f generatedFlow) portList() string {
	var out []string
	for _, p := range f.ports {
		out = append(out, fmt.Sprintf("{port: %d}", p))
	}
	return strings.Join(out, ", ")
}
