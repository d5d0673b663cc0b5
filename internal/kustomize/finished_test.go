package kustomize

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const toldInputs = `apiVersion: v1
kind: ConfigMap
metadata: {name: inventory, annotations: {config.kubernetes.io/local-config: "true"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: plain}
`

const toldFence = `apiVersion: tenantfence.dev/v1alpha1
kind: TenantFence
metadata: {name: fence, annotations: {config.kubernetes.io/function: "exec: {path: tenantfence}"}}
`

// What an exact build does not print is told all the same, and with its file.
func TestFinishedIsToldAllItems(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "kustomization.yaml", "resources: [inputs.yaml]\ntransformers: [fence.yaml]\n")
	write(t, dir, "inputs.yaml", toldInputs)
	write(t, dir, "fence.yaml", toldFence)
	var told []string
	out, err := Build(filesys.MakeFsOnDisk(), dir, Options{
		Function: func(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) { return items, nil },
		Finished: func(items []*yaml.RNode) {
			for _, n := range items {
				told = append(told, n.GetName()+" "+strings.TrimSpace(n.GetAnnotations()["config.kubernetes.io/origin"]))
			}
		},
	})
	if err != nil || strings.Contains(string(out), "inventory") {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := strings.Join(told, ", "); got != "inventory path: inputs.yaml, plain path: inputs.yaml" {
		t.Errorf("told %s", got)
	}
}

// The executable of a fallback gets its arguments.
func TestArgumentsOfAFallback(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "outer/kustomization.yaml", "resources: [../inner]\nnamePrefix: a-\n")
	write(t, dir, "inner/kustomization.yaml", "resources: [inputs.yaml]\ntransformers: [fence.yaml]\n")
	write(t, dir, "inner/inputs.yaml", toldInputs)
	write(t, dir, "inner/fence.yaml", toldFence)
	write(t, dir, "function", "#!/bin/sh\necho \"$@\" > \"$2\"\ncat\n")
	if err := os.Chmod(dir+"/function", 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Build(filesys.MakeFsOnDisk(), dir+"/outer", Options{
		Function:   func(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) { return items, nil },
		Executable: dir + "/function", Arguments: []string{"--record", dir + "/record"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, dir+"/record")); got != "--record "+dir+"/record\n" {
		t.Errorf("it got %s", got)
	}
}
