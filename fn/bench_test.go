//go:build unix

package fn_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
	"github.com/tenantfence/tenantfence/internal/report"
)

// manyTenants is a build of tenants with five workloads each: one has a flow to DNS names, one has a flow
// to a network, and the next tenant has a flow to one.
func manyTenants(tb testing.TB, tenants int) []*yaml.RNode {
	tb.Helper()
	return tenantsWith(tb, tenants, "")
}

// tenantsWith is manyTenants with further settings of the cluster.
func tenantsWith(tb testing.TB, tenants int, settings string) []*yaml.RNode {
	tb.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `
apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata: {name: platform}
spec:
  cluster: {cni: Cilium, ciliumVersion: "1.20"%s}
  enforcement: Enforce
  baseline:
    apiServer: {ports: [6443]}
    monitoring: {namespace: observability, pods: {matchLabels: {app: prometheus}}, ports: [{port: 9090}]}
  limits: {fqdns: ["*.example.com"], cidrs: [198.51.100.0/24, 10.0.0.0/8]}
---
apiVersion: v1
kind: Namespace
metadata: {name: observability}
`, settings)
	for i := range tenants {
		name, next := fmt.Sprintf("t%d", i), fmt.Sprintf("t%d", (i+1)%tenants)
		before := fmt.Sprintf("t%d", (i+tenants-1)%tenants)
		fmt.Fprintf(&b, `---
apiVersion: v1
kind: Namespace
metadata: {name: tenant-%[1]s}
---
apiVersion: tenantfence.dev/v1alpha1
kind: Tenant
metadata: {name: %[1]s}
spec:
  ingress:
  - {name: reports, pods: {matchLabels: {app: b}}, from: [{tenant: %[3]s, pods: {matchLabels: {app: a}}}], ports: [{port: 8080}]}
  egress:
  - {name: next, pods: {matchLabels: {app: a}}, to: [{tenant: %[2]s, pods: {matchLabels: {app: b}}}], ports: [{port: 8080}]}
  - {name: llm, pods: {matchLabels: {app: c}}, to: [{fqdns: ["%[1]s.example.com"]}], ports: [{port: 443}]}
  - {name: lan, pods: {matchLabels: {app: d}}, to: [{cidrs: ["10.%[4]d.%[5]d.0/24"]}], ports: [{port: 5432}]}
`, name, next, before, i/250, i%250)
		for _, app := range []string{"a", "b", "c", "d", "e"} {
			fmt.Fprintf(&b, `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[2]s, namespace: tenant-%[1]s}
spec: {template: {metadata: {labels: {app: %[2]s}}, spec: {serviceAccountName: %[2]s, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}}}
`, name, app)
		}
	}
	nodes, err := kio.FromBytes([]byte(b.String()))
	if err != nil {
		tb.Fatal(err)
	}
	return nodes
}

// BenchmarkProcess measures runs with and without the proof, for builds of different sizes.
func BenchmarkProcess(b *testing.B) {
	for _, tenants := range []int{100, 400} {
		items := manyTenants(b, tenants)
		for _, proof := range []string{"None", "Isolation"} {
			config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}, spec: {proof: " + proof + "}}")
			b.Run(fmt.Sprintf("tenants=%d/proof=%s", tenants, proof), func(b *testing.B) {
				before := cpu(b)
				for b.Loop() {
					if _, err := fn.Process(config.Copy(), copied(items), fn.Options{}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N), "cpu-s/op")
			})
		}
	}
}

// BenchmarkSlices measures a fence as a whole, one tenant and one of ten shards of it, and a run without a
// proof, which reads, resolves and generates the same.
func BenchmarkSlices(b *testing.B) {
	const tenants = 200
	items := manyTenants(b, tenants)
	for _, c := range []struct {
		name, proof string
		slice       report.Slice
	}{
		{"whole", "Isolation", report.Slice{}},
		{"shard", "Isolation", report.Slice{Shard: 2, Shards: 10}},
		{"tenant", "Isolation", report.TenantSlice("t7")},
		{"unproved", "None", report.Slice{}},
	} {
		config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}, spec: {proof: " + c.proof + "}}")
		b.Run(c.name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				if _, err := fn.Process(config.Copy(), copied(items), fn.Options{Slice: c.slice}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

// cpu is the time that this process has used of all processors.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkLargeInputs measures builds with one very large resource.
func BenchmarkLargeInputs(b *testing.B) {
	var values, labels, names strings.Builder
	for v := range 50 {
		fmt.Fprintf(&values, "v%d,", v)
	}
	for k := range 20 {
		fmt.Fprintf(&labels, "{key: k%d, operator: In, values: [%s]},", k, values.String())
	}
	for n := range 20_000 {
		fmt.Fprintf(&names, "n%d.example.com,", n)
	}
	cnp := "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p%d, namespace: tenant-acme}\nspec: {endpointSelector: %s, %s}\n"
	tenant := "---\napiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: acme}\nspec: {%s}\n"
	var denied, denying strings.Builder
	for i := range 1_500 {
		fmt.Fprintf(&denied, cnp, i, "{}", fmt.Sprintf("ingressDeny: [{fromEndpoints: [{matchLabels: {app: a%d}}]}]", i))
		fmt.Fprintf(&denying, cnp, i, fmt.Sprintf("{matchLabels: {app: a%d}}", i), "ingressDeny: [{fromEndpoints: [{matchLabels: {app: web}}]}]")
	}
	for name, more := range map[string]string{
		"20 labels of 50 values":     fmt.Sprintf(tenant, "") + fmt.Sprintf(cnp, 0, "{}", "ingress: [{fromEndpoints: [{matchExpressions: ["+labels.String()+"]}]}]"),
		"1,500 denied peers":         fmt.Sprintf(tenant, "") + denied.String(),
		"1,500 subjects with a deny": fmt.Sprintf(tenant, "") + denying.String(),
		"20,000 names":               fmt.Sprintf(tenant, "egress: [{name: out, to: [{fqdns: ["+names.String()+"]}], ports: [{port: 443}]}]"),
	} {
		items, err := kio.FromBytes([]byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: tenant-acme}\n" + more))
		if err != nil {
			b.Fatal(err)
		}
		config := yaml.MustParse(`{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}, spec: {profile: {cluster: {cni: Cilium, ciliumVersion: "1.20"}, enforcement: Enforce, limits: {fqdns: ["**.example.com"]}}}}`)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := fn.Process(config.Copy(), copied(items), fn.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCache measures a proof without a cache, and with one that has all tenants, or all but three: those to which a
// change of one matters.
func BenchmarkCache(b *testing.B) {
	const tenants = 400
	config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}}")
	// With a warning about a setting that is not stated, nothing is kept.
	items := tenantsWith(b, tenants, `, ciliumConfig: {policy-cidr-match-mode: ""}`)
	cache := memory{}
	for _, c := range []struct {
		name  string
		cache bool
		lose  int
	}{{"none", false, 0}, {"all", true, 0}, {"one-changed", true, 3}} {
		b.Run(c.name, func(b *testing.B) {
			o := fn.Options{}
			if c.cache {
				o.Cache = cache
			}
			if _, err := fn.Process(config.Copy(), copied(items), o); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			before := cpu(b)
			for b.Loop() {
				lost := 0
				for key := range cache {
					if lost++; lost > c.lose {
						break
					}
					delete(cache, key)
				}
				if _, err := fn.Process(config.Copy(), copied(items), o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}
