//go:build unix

package fn_test

import (
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
)

const scaleProfile = `
apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata: {name: platform}
spec:
  cluster: {cni: Cilium, ciliumVersion: "1.20"}
  enforcement: Enforce
  limits: {anyTenant: true}
`

func tenantOf(name, spec string) string {
	return fmt.Sprintf("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: tenant-%[1]s}\n---\napiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\nmetadata: {name: %[1]s}\nspec: {%[2]s}\n", name, spec)
}

func deploymentOf(tenant, app string) string {
	return fmt.Sprintf("---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %[2]s, namespace: tenant-%[1]s}\nspec: {template: {metadata: {labels: {app: %[2]s}}, spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}}}\n", tenant, app)
}

// BenchmarkPairs measures two tenants with many pods, and a flow between all of them.
func BenchmarkPairs(b *testing.B) {
	for _, pods := range []int{100, 400} {
		var in strings.Builder
		in.WriteString(scaleProfile)
		in.WriteString(tenantOf("a", "egress: [{name: out, to: [{tenant: b}], ports: [{port: 8080}]}]"))
		in.WriteString(tenantOf("b", "ingress: [{name: in, from: [{tenant: a}], ports: [{port: 8080}]}]"))
		for i := range pods {
			in.WriteString(deploymentOf("a", fmt.Sprintf("app%d", i)) + deploymentOf("b", fmt.Sprintf("app%d", i)))
		}
		benchmarkProof(b, fmt.Sprintf("pods=%d", pods), in.String())
	}
}

// BenchmarkMesh measures tenants that agree on a mesh.
func BenchmarkMesh(b *testing.B) {
	const mesh = "  allTenants:\n    egress:\n    - {name: mesh, to: [{anyTenant: true}], ports: [{port: 8080}], fullMesh: true}\n"
	for _, tenants := range []int{75, 300} {
		var in strings.Builder
		in.WriteString(scaleProfile + mesh)
		for i := range tenants {
			name := fmt.Sprintf("t%d", i)
			in.WriteString(tenantOf(name, "") + deploymentOf(name, "web"))
		}
		benchmarkProof(b, fmt.Sprintf("tenants=%d", tenants), in.String())
	}
}

// BenchmarkAgreedMesh measures tenants that each declare a flow from and to all others.
func BenchmarkAgreedMesh(b *testing.B) {
	for _, tenants := range []int{75, 300} {
		benchmarkProof(b, fmt.Sprintf("tenants=%d", tenants), agreedMesh(tenants))
	}
}

// agreedMesh is a build of tenants that each declare a flow from and to all others.
func agreedMesh(tenants int) string {
	var in strings.Builder
	in.WriteString(scaleProfile)
	for i := range tenants {
		name := fmt.Sprintf("t%d", i)
		in.WriteString(tenantOf(name, "ingress: [{name: in, from: [{anyTenant: true}], ports: [{port: 8080}]}], egress: [{name: out, to: [{anyTenant: true}], ports: [{port: 8080}]}]"))
		in.WriteString(deploymentOf(name, "web"))
	}
	return in.String()
}

// BenchmarkAgentLoad measures what each agent must hold, for both scopes of the profile.
func BenchmarkAgentLoad(b *testing.B) {
	for _, tenants := range []int{100, 400} {
		mesh, err := kio.FromBytes([]byte(agreedMesh(tenants)))
		if err != nil {
			b.Fatal(err)
		}
		for _, scope := range []string{"Namespace", "Cluster"} {
			benchmarkAgentLoad(b, fmt.Sprintf("flows/tenants=%d/scope=%s", tenants, scope), scope, manyTenants(b, tenants))
			benchmarkAgentLoad(b, fmt.Sprintf("mesh/tenants=%d/scope=%s", tenants, scope), scope, mesh)
		}
	}
}

// benchmarkAgentLoad measures a build whose first item is the profile.
func benchmarkAgentLoad(b *testing.B, name, scope string, items []*yaml.RNode) {
	b.Helper()
	config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}}")
	excluded := yaml.MustParse("[{name: observability, reason: no Tenant has it}, {name: kube-system, reason: no Tenant has it}]")
	if err := items[0].PipeE(yaml.Lookup("spec"), yaml.Tee(yaml.SetField("scope", yaml.NewScalarRNode(scope))), yaml.SetField("excludedNamespaces", excluded)); err != nil {
		b.Fatal(err)
	}
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			r, err := fn.Process(config.Copy(), copied(items), fn.Options{})
			if err != nil {
				b.Fatal(err, r.Findings.Errors())
			}
			l := r.Report.Agents
			for unit, n := range map[string]int{
				"namespaced": l.Namespaced.Objects, "namespaced-B": l.Namespaced.Bytes, "clusterwide": l.Clusterwide.Objects, "clusterwide-B": l.Clusterwide.Bytes,
				"identities": l.Identities, "names": l.DNSNames, "entries": l.Largest.Entries,
			} {
				b.ReportMetric(float64(n), unit)
			}
		}
	})
}

// benchmarkProof measures a build with the proof.
func benchmarkProof(b *testing.B, name, input string) {
	b.Helper()
	items, err := kio.FromBytes([]byte(input))
	if err != nil {
		b.Fatal(err)
	}
	config := yaml.MustParse("{apiVersion: tenantfence.dev/v1alpha1, kind: TenantFence, metadata: {name: platform}}")
	b.Run(name, func(b *testing.B) {
		before := cpu(b)
		for b.Loop() {
			if _, err := fn.Process(config.Copy(), copied(items), fn.Options{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N), "cpu-s/op")
	})
}
