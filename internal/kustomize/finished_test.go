package kustomize

import (
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const finishedInputs = `apiVersion: v1
kind: ConfigMap
metadata: {name: external, annotations: {config.kubernetes.io/local-config: "true"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: plain}
`

const finishedFence = `apiVersion: tenantfence.dev/v1alpha1
kind: TenantFence
metadata: {name: fence, annotations: {config.kubernetes.io/function: "exec: {path: tenantfence}"}}
`

// TestFinishedReceivesAllItems checks that Finished also receives items that are not written.
func TestFinishedReceivesAllItems(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "kustomization.yaml", "resources: [inputs.yaml]\ntransformers: [fence.yaml]\n")
	write(t, dir, "inputs.yaml", finishedInputs)
	write(t, dir, "fence.yaml", finishedFence)
	var received []string
	out, err := Build(filesys.MakeFsOnDisk(), dir, Options{
		Function: func(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) { return items, nil },
		Finished: func(items []*yaml.RNode) {
			for _, n := range items {
				received = append(received, n.GetName()+" "+strings.TrimSpace(n.GetAnnotations()["config.kubernetes.io/origin"]))
			}
		},
	})
	if err != nil || strings.Contains(string(out), "external") {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := strings.Join(received, ", "); got != "external path: inputs.yaml, plain path: inputs.yaml" {
		t.Errorf("received %s", got)
	}
}

// TestFallbackArguments checks that the executable of a fallback receives its arguments.
func TestFallbackArguments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "outer/kustomization.yaml", "resources: [../inner]\nnamePrefix: a-\n")
	write(t, dir, "inner/kustomization.yaml", "resources: [inputs.yaml]\ntransformers: [fence.yaml]\n")
	write(t, dir, "inner/inputs.yaml", finishedInputs)
	write(t, dir, "inner/fence.yaml", finishedFence)
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
		t.Errorf("received arguments %s", got)
	}
}
