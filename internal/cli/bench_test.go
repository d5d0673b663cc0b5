package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// noEngine replaces the package engine, so that a program without it can be built.
const noEngine = `package engine

import (
	"encoding/json"
	"errors"

	"github.com/tenantfence/tenantfence/internal/policy"
)

type Options struct{ ClusterName string }

func New(Options, []json.RawMessage, []policy.Endpoint) (policy.Engine, error) {
	return nil, errors.New("the engine is missing")
}

func Validate([]byte) error { return errors.New("the engine is missing") }
`

// BenchmarkFunctionWithoutProof runs the program as a function without a proof, and the same program without
// the engine. Their ratio is the cost of an unused engine.
func BenchmarkFunctionWithoutProof(b *testing.B) {
	programs := map[string]string{"with-engine": buildBench(b), "without-engine": buildBench(b, "-overlay="+overlay(b))}
	for _, tenants := range []int{1, 100} {
		list := resourceList(tenants)
		for _, name := range []string{"with-engine", "without-engine"} {
			b.Run(fmt.Sprintf("tenants=%d/%s", tenants, name), func(b *testing.B) {
				cpu := 0.0
				for b.Loop() {
					cmd := exec.Command(programs[name])
					cmd.Stdin = bytes.NewReader(list)
					if err := cmd.Run(); err != nil {
						b.Fatal(err)
					}
					cpu += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
				}
				b.ReportMetric(cpu*1000/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

func buildBench(b *testing.B, flags ...string) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "tenantfence")
	args := append([]string{"build", "-ldflags", "-s -w", "-o", program}, flags...)
	if out, err := exec.Command("go", append(args, "../..")...).CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// overlay replaces the files of the package engine.
func overlay(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	engineDir, err := filepath.Abs("../engine")
	if err != nil {
		b.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(engineDir, "*.go"))
	if err != nil || len(files) == 0 {
		b.Fatalf("no files in %s: %v", engineDir, err)
	}
	replace := map[string]string{}
	for _, f := range files {
		replace[f] = ""
	}
	stub := filepath.Join(dir, "stub.go")
	replace[filepath.Join(engineDir, "doc.go")] = stub
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		b.Fatal(err)
	}
	for file, content := range map[string][]byte{stub: []byte(noEngine), filepath.Join(dir, "overlay.json"): data} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return filepath.Join(dir, "overlay.json")
}

// resourceList is what a host gives the function: tenants with five workloads each.
func resourceList(tenants int) []byte {
	var s strings.Builder
	s.WriteString(`apiVersion: config.kubernetes.io/v1
kind: ResourceList
functionConfig:
  apiVersion: tenantfence.dev/v1alpha1
  kind: TenantFence
  metadata: {name: platform}
  spec: {proof: None}
items:
- apiVersion: tenantfence.dev/v1alpha1
  kind: FenceProfile
  metadata: {name: platform}
  spec:
    cluster: {cni: Cilium, ciliumVersion: "1.20"}
    enforcement: Enforce
    limits: {fqdns: ["*.example.com"]}
`)
	for i := range tenants {
		fmt.Fprintf(&s, `- apiVersion: v1
  kind: Namespace
  metadata: {name: tenant-t%[1]d}
- apiVersion: tenantfence.dev/v1alpha1
  kind: Tenant
  metadata: {name: t%[1]d}
  spec:
    egress:
    - {name: llm, pods: {matchLabels: {app: a}}, to: [{fqdns: [api.example.com]}], ports: [{port: 443}]}
`, i)
		for _, app := range []string{"a", "b", "c", "d", "e"} {
			fmt.Fprintf(&s, `- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: %[2]s, namespace: tenant-t%[1]d}
  spec:
    template:
      metadata: {labels: {app: %[2]s}}
      spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
`, i, app)
		}
	}
	return []byte(s.String())
}
