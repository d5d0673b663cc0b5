package kustomize

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// layouts returns the directories of testdata that build. fallback is a part of the reason for
// a fallback.
func layouts() []struct{ dir, fallback string } {
	return []struct{ dir, fallback string }{
		{dir: "fence-only"},
		{dir: "bases"},
		{dir: "builtin-before"},
		{dir: "component"},
		{dir: "component-and-transformer"},
		{dir: "components"},
		{dir: "directory"},
		{dir: "fifo"},
		{dir: "generator"},
		{dir: "generator-and-component"},
		{dir: "generator-and-transformer"},
		{dir: "hashes"},
		{dir: "inline"},
		{dir: "inline-first"},
		{dir: "legacy-custom"},
		{dir: "lists"},
		{dir: "multi-document"},
		{dir: "nested"},
		{dir: "notations"},
		{dir: "outer"},
		{dir: "patches"},
		{dir: "plain"},
		{dir: "renamed"},
		{dir: "configmap-generator", fallback: "kustomization.yaml: has a generator in addition to the fence"},
		{dir: "build-metadata", fallback: "kustomization.yaml: buildMetadata"},
		{dir: "component-twice", fallback: "baseline/kustomization.yaml: transformers[0]: the fence is in an inner layer"},
		{dir: "inline-in-inner", fallback: "prod/kustomization.yaml: transformers[0]: the fence is in an inner layer"},
		{dir: "inner", fallback: "prod/kustomization.yaml: transformers[0]: the fence is in an inner layer"},
		{dir: "mixed-file", fallback: "transformers[0]: contains other transformers in addition to the fence"},
		{dir: "namespace-and-component", fallback: "kustomization.yaml: kustomize applies namespace after the fence in ../components/baseline"},
		{dir: "plain-component-last", fallback: "components[1] runs after the fence in ../components/baseline"},
		{dir: "transformer-after", fallback: "transformers[1] runs after the fence"},
		{dir: "validator-and-fence", fallback: "kustomization.yaml: validators run after the fence"},
		{dir: "vars", fallback: "kustomization.yaml: vars are resolved after the fence"},
	}
}

func TestBuildMatchesKustomize(t *testing.T) {
	kustomize, function := kustomizeBinary(t), functionScript(t)
	for _, l := range layouts() {
		t.Run(l.dir, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("testdata", l.dir)
			want := runKustomize(t, kustomize, function, dir)
			var reason string
			got, err := Build(filesys.MakeFsOnDisk(), dir, Options{
				Function: testFunction, Executable: function,
				Fallback: func(r string) { reason = r },
			})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("not what kustomize prints:\n%s", difference(t, want, string(got)))
			}
			if (reason == "") != (l.fallback == "") || !strings.Contains(reason, l.fallback) {
				t.Errorf("fallback %q, want %q", reason, l.fallback)
			}
		})
	}
}

// TestFallbackMatchesKustomize checks that every exact layout gives the same result in a
// fallback.
func TestFallbackMatchesKustomize(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: builds every layout twice more")
	}
	kustomize, function := kustomizeBinary(t), functionScript(t)
	for _, l := range layouts() {
		t.Run(l.dir, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("testdata", l.dir)
			b, err := loadBuild(filesys.MakeFsOnDisk(), dir, Options{Function: testFunction, Executable: function})
			if err != nil {
				t.Fatal(err)
			}
			got, err := b.buildWithKustomize("tested")
			if err != nil {
				t.Fatal(err)
			}
			if want := runKustomize(t, kustomize, function, dir); string(got) != want {
				t.Errorf("not what kustomize prints:\n%s", difference(t, want, string(got)))
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
	kustomize, function := kustomizeBinary(t), functionScript(t)
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
		want := runKustomize(t, kustomize, function, filepath.Join(top, dir))
		got, err := Build(filesys.MakeFsOnDisk(), filepath.Join(top, dir), Options{Function: testFunction, Executable: function})
		if err != nil || string(got) != want {
			t.Errorf("%s: error %v\n%s", dir, err, difference(t, want, string(got)))
		}
	}
}

func TestEveryLayoutIsTested(t *testing.T) {
	known := map[string]bool{"base": true, "chart": true, "components": true, "container": true, "external-resources": true, "outside-fence": true, "refused": true, "without-tenants": true}
	for _, l := range layouts() {
		known[l.dir] = true
	}
	folders, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if !known[f.Name()] {
			t.Errorf("no test uses testdata/%s", f.Name())
		}
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
