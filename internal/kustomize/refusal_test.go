package kustomize

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func TestBuildRefuses(t *testing.T) {
	for dir, want := range map[string][]string{
		"foreign-function": {"layers/prod/kustomization.yaml: transformers[1]: runs another function (example.com/v1 Foreign \"f\")",
			"use kustomize build --enable-alpha-plugins"},
		"legacy-plugin":        {"kustomization.yaml: generators[0]: runs another function (example.com/v1 Legacy \"l\")"},
		"fence-twice":          {"already registered id"},
		"tenant-as-function":   {"kustomization.yaml: transformers[0]: ", "Tenant \"acme\" is not a function: list it under resources"},
		"validator":            {"kustomization.yaml: validators[0]: ", "list it under transformers"},
		"no-function":          {"kustomization.yaml: transformers[0]: ", "no annotation config.kubernetes.io/function"},
		"no-fence":             {"nothing would be fenced", "transformers: [fence.yaml]"},
		"broken-kustomization": {"testdata/refused/broken-kustomization/inner/kustomization.yaml:1:1: did not find expected node content: the file is not valid YAML"},
		"unknown-field":        {"read ", "unknown-field/kustomization.yaml: ", `"resource"`},
		"broken-resource":      {"testdata/refused/broken-resource/broken.yaml:"},
		"missing-layer":        {"kustomization.yaml: resources[0]: ", "missing-layer/inner: no kustomization file"},
		"missing-config":       {"kustomization.yaml: transformers[0]: fence.yaml is neither YAML nor a local file or directory"},
		"outside":              {"kustomization.yaml: transformers[0]: ", "is outside its folder", "--load-restrictor LoadRestrictionsNone"},
		"remote-in-fallback":   {"inner layer", "kustomization.yaml: resources[1]: https://example.invalid/x.yaml"},
		"patched-function":     {"inner/kustomization.yaml: transformers[0]: ", "not in a patch"},
		"no-such-directory":    {"build testdata/refused/no-such-directory: "},
	} {
		t.Run(dir, func(t *testing.T) {
			out, err := Build(filesys.MakeFsOnDisk(), filepath.Join("testdata", "refused", dir), Options{Function: testFunction, Executable: "tenantfence"})
			if err == nil || out != nil {
				t.Fatalf("output %q, error %v", out, err)
			}
			for _, w := range want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not contain %q", err, w)
				}
			}
		})
	}
}

func TestBuildWithoutFenceFails(t *testing.T) {
	_, err := Build(filesys.MakeFsOnDisk(), "testdata/refused/no-fence", Options{Function: testFunction})
	var none *NoFenceError
	if !errors.As(err, &none) || none.Dir != "testdata/refused/no-fence" {
		t.Errorf("error %v", err)
	}
}

func TestFallbackNeedsExecutable(t *testing.T) {
	_, err := Build(filesys.MakeFsOnDisk(), "testdata/inner", Options{Function: testFunction})
	if err == nil || !strings.Contains(err.Error(), "no executable") {
		t.Errorf("error %v", err)
	}
}
