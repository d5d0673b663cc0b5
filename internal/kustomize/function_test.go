package kustomize

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const functionEnv = "TENANTFENCE_TEST_FUNCTION"

// TestMain runs testFunction if kustomize runs this binary as a function.
func TestMain(m *testing.M) {
	if os.Getenv(functionEnv) == "" {
		os.Exit(m.Run())
	}
	rw := &kio.ByteReadWriter{Reader: os.Stdin, Writer: os.Stdout, KeepReaderAnnotations: true}
	items, err := rw.Read()
	if err == nil {
		items, err = testFunction(rw.FunctionConfig, items)
	}
	if err == nil {
		err = rw.Write(items)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// functionScript returns the path of an executable tenantfence that runs testFunction.
func functionScript(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tenantfence")
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s'\n", functionEnv, self)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// testFunction records its input in its output. It adds a policy, and changes, marks and deletes
// items.
func testFunction(config *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
	var out []*yaml.RNode
	var seen []string
	for _, i := range items {
		annotations := i.GetAnnotations()
		seen = append(seen, strings.Join([]string{i.GetApiVersion(), i.GetKind(), i.GetNamespace(), i.GetName(),
			annotations["config.kubernetes.io/local-config"], fmt.Sprint(annotations["kustomize.config.k8s.io/id"] != "")}, ":"))
		switch {
		case i.GetName() == "doomed":
			continue
		case strings.HasPrefix(i.GetApiVersion(), "tenantfence.dev/"):
			if err := i.PipeE(yaml.SetAnnotation("config.kubernetes.io/local-config", "true")); err != nil {
				return nil, err
			}
		case i.GetKind() == "CiliumNetworkPolicy" && i.GetName() == config.GetName():
			continue // replaced below
		case i.GetKind() == "Deployment":
			if err := i.PipeE(yaml.SetLabel("fenced-by", config.GetName())); err != nil {
				return nil, err
			}
		}
		out = append(out, i)
	}
	policy, err := yaml.Parse(fmt.Sprintf(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: %s
  namespace: acme # a comment
  annotations: {fenced: "%v", internal.config.kubernetes.io/path: policies.yaml}
spec: {endpointSelector: {}, ingress: [{}]}
`, config.GetName(), config.GetAnnotations()["config.kubernetes.io/local-config"]))
	if err != nil {
		return nil, err
	}
	// The policy is first, although kustomize appends new items.
	out = append([]*yaml.RNode{policy}, out...)
	return out, policy.PipeE(yaml.SetAnnotation("saw", strings.Join(seen, "\n")))
}
