//go:build unix

package fn_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/fn"
)

// tenantList is a ResourceList of a profile, and a Tenant and its Namespace for each tenant, as kustomize
// writes it.
func tenantList(tb testing.TB, tenants int) []byte {
	tb.Helper()
	var b strings.Builder
	b.WriteString(`apiVersion: tenantfence.dev/v1alpha1
kind: FenceProfile
metadata:
  name: platform
spec:
  cluster:
    cni: Cilium
    ciliumVersion: "1.20"
  enforcement: Enforce
  limits:
    fqdns: ["*.example.com"]
    cidrs: [10.0.0.0/8]
`)
	for i := range tenants {
		fmt.Fprintf(&b, `---
apiVersion: v1
kind: Namespace
metadata:
  name: tenant-t%[1]d
---
apiVersion: tenantfence.dev/v1alpha1
kind: Tenant
metadata:
  name: t%[1]d
spec:
  egress:
  - name: next
    to:
    - tenant: t%[2]d
    ports:
    - port: 8080
  - name: llm
    to:
    - fqdns: [t%[1]d.example.com]
    ports:
    - port: 443
  - name: lan
    to:
    - cidrs: [10.%[4]d.%[5]d.0/24]
    ports:
    - port: 5432
  ingress:
  - name: previous
    from:
    - tenant: t%[3]d
    ports:
    - port: 8080
`, i, (i+1)%tenants, (i+tenants-1)%tenants, i/250, i%250)
	}
	nodes, err := kio.FromBytes([]byte(b.String()))
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	w := kio.ByteWriter{
		Writer: &out, WrappingKind: kio.ResourceListKind, WrappingAPIVersion: kio.ResourceListAPIVersion,
		FunctionConfig: yaml.MustParse("apiVersion: tenantfence.dev/v1alpha1\nkind: TenantFence\nmetadata:\n  name: platform\nspec:\n  proof: None\n"),
	}
	if err := w.Write(nodes); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// BenchmarkExecute measures the function without the proof, and a kyaml identity over the bytes that it
// reads and writes.
func BenchmarkExecute(b *testing.B) {
	for _, tenants := range []int{100, 1_000} {
		in := tenantList(b, tenants)
		var out bytes.Buffer
		run := func() {
			out.Reset()
			if err := fn.Execute(bytes.NewReader(in), &out, fn.Options{}, func(_ fn.Result, err error) error { return err }); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprintf("tenants=%d/function", tenants), func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				run()
			}
			b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N), "cpu-s/op")
		})
		b.Run(fmt.Sprintf("tenants=%d/identity", tenants), func(b *testing.B) {
			run()
			before := cpu(b)
			for b.Loop() {
				for _, list := range [][]byte{in, out.Bytes()} {
					rw := &kio.ByteReadWriter{Reader: bytes.NewReader(list), Writer: &bytes.Buffer{}, KeepReaderAnnotations: true}
					nodes, err := rw.Read()
					if err != nil {
						b.Fatal(err)
					}
					if err := rw.Write(nodes); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}
