package kustomize

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// otherFolders of testdata are parts of layouts, or inputs of other tests.
var otherFolders = []string{"base", "chart", "container", "external-resources", "outside-fence", "refused", "without-tenants"}

// fallbacks are parts of the reasons for a fallback, by layout. The other layouts have none.
var fallbacks = map[string]string{
	"configmap-generator":     "kustomization.yaml: has a generator in addition to the fence",
	"build-metadata":          "kustomization.yaml: buildMetadata",
	"component-twice":         "baseline/kustomization.yaml: transformers[0]: the fence is in an inner layer",
	"inline-in-inner":         "prod/kustomization.yaml: transformers[0]: the fence is in an inner layer",
	"inner":                   "prod/kustomization.yaml: transformers[0]: the fence is in an inner layer",
	"mixed-file":              "transformers[0]: contains other transformers in addition to the fence",
	"namespace-and-component": "kustomization.yaml: kustomize applies namespace after the fence in ../components/baseline",
	"plain-component-last":    "components[1] runs after the fence in ../components/baseline",
	"transformer-after":       "transformers[1] runs after the fence",
	"validator-and-fence":     "kustomization.yaml: validators run after the fence",
	"vars":                    "kustomization.yaml: vars are resolved after the fence",
}

// TestBuildMatchesKustomize builds each layout in testdata, exactly if it has no reason for a fallback, and in a
// fallback.
func TestBuildMatchesKustomize(t *testing.T) {
	folders, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if slices.Contains(otherFolders, f.Name()) {
			continue
		}
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			var reason string
			buildsLikeKustomize(t, filepath.Join("testdata", f.Name()), Options{Fallback: func(r string) { reason = r }})
			if want := fallbacks[f.Name()]; (reason == "") != (want == "") || !strings.Contains(reason, want) {
				t.Errorf("fallback %q, want %q", reason, want)
			}
		})
	}
}

// TestBuildRunsContainerFunctionsInProcess checks a fence for which kustomize runs a container.
func TestBuildRunsContainerFunctionsInProcess(t *testing.T) {
	out, err := Build(filesys.MakeFsOnDisk(), "testdata/container", Options{Function: testFunction})
	if err != nil || !strings.Contains(string(out), "\n  name: fence\n") {
		t.Errorf("error %v, output\n%s", err, out)
	}
}

func TestBuildReadsOnlyItsFileSystem(t *testing.T) {
	memory := filesys.MakeFsInMemory()
	if err := memory.WriteFile("/fence.yaml", read(t, "testdata/plain/fence.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := memory.WriteFile("/kustomization.yaml", read(t, "testdata/fence-only/kustomization.yaml")); err != nil {
		t.Fatal(err)
	}
	out, err := Build(memory, "/", Options{Function: testFunction})
	if err != nil || !strings.Contains(string(out), "\n  name: fence\n") {
		t.Errorf("error %v, output\n%s", err, out)
	}
}

// TestBuildFollowsLinks checks that the overlay replaces fences behind symbolic links.
func TestBuildFollowsLinks(t *testing.T) {
	top := t.TempDir()
	write(t, top, "real/k.yaml", "resources: [a.yaml]\ntransformers: [linked/fence.yaml, fences]\n")
	write(t, top, "real/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
	write(t, top, "real/files/f.yaml", string(read(t, "testdata/plain/fence.yaml")))
	write(t, top, "real/fences/kustomization.yaml", "resources: [linked/f.yaml]\n")
	write(t, top, "real/fences/files/f.yaml", string(read(t, "testdata/components/baseline/fence.yaml")))
	write(t, top, "outer/kustomization.yaml", "resources: [../linked]\n")
	for link, target := range map[string]string{
		"real/kustomization.yaml": "k.yaml",
		"real/linked":             "files",
		"real/files/fence.yaml":   "f.yaml",
		"real/fences/linked":      "files",
		"linked":                  "real",
	} {
		if err := os.Symlink(target, filepath.Join(top, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"real", "linked", "outer"} {
		buildsLikeKustomize(t, filepath.Join(top, dir), Options{})
	}
}

func TestBuildReturnsFunctionError(t *testing.T) {
	broken := errors.New("tenant acme claims kube-system")
	fail := func(*yaml.RNode, []*yaml.RNode) ([]*yaml.RNode, error) { return nil, broken }
	for _, dir := range []string{"plain", "component", "generator"} {
		out, err := Build(filesys.MakeFsOnDisk(), filepath.Join("testdata", dir), Options{Function: fail})
		if !errors.Is(err, broken) || out != nil {
			t.Errorf("%s: output %q, error %v", dir, out, err)
		}
	}
}

func TestBuildReturnsExecutableError(t *testing.T) {
	out, err := Build(filesys.MakeFsOnDisk(), "testdata/inner", Options{Function: testFunction, Executable: "/bin/false"})
	if err == nil || out != nil {
		t.Errorf("output %q, error %v", out, err)
	}
}

// TestBuildWithEmptyResult checks that an empty result is an empty build, as in kustomize.
func TestBuildWithEmptyResult(t *testing.T) {
	none := func(*yaml.RNode, []*yaml.RNode) ([]*yaml.RNode, error) { return nil, nil }
	out, err := Build(filesys.MakeFsOnDisk(), "testdata/plain", Options{Function: none})
	if err != nil || len(out) != 0 {
		t.Errorf("output %q, error %v", out, err)
	}
}

func TestBuildRejectsInvalidFunctionOutput(t *testing.T) {
	for name, c := range map[string]struct {
		dir, err string
		fn       Function
	}{
		"a duplicate item": {"plain", "twice", func(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
			return append(items, items[0]), nil
		}},
		"an item that is not a resource": {"plain", "not a resource", func(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
			return append(items, yaml.NewMapRNode(nil)), nil
		}},
		"changed data with a hash": {"hashes", "changed the data", func(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) {
			for _, i := range items {
				if i.GetName() == "settings" {
					i.SetDataMap(map[string]string{"a": "2"})
				}
			}
			return items, nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := Build(filesys.MakeFsOnDisk(), filepath.Join("testdata", c.dir), Options{Function: c.fn})
			if err == nil || !strings.Contains(err.Error(), c.err) || out != nil {
				t.Errorf("output %q, error %v", out, err)
			}
		})
	}
}
