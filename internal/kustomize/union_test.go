package kustomize

import (
	"errors"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// accumulated builds a directory and returns its resources as text. With groups of one part, each document of a file
// that kustomize builds is a part.
func accumulated(fsys filesys.FileSystem, maxGroup int, build func(*accumulation) ([]*resource.Resource, error)) (string, error) {
	file, k, err := readKustomization(fsys, "/", "")
	if err != nil {
		return "", err
	}
	k.BuildMetadata = []string{types.OriginAnnotations}
	a := newAccumulation(newOverlay(fsys), "/", file, k, Options{})
	a.maxGroup = maxGroup
	if maxGroup == 1 {
		a.maxDocuments = 1
	}
	resources, err := build(a)
	var out strings.Builder
	for _, r := range resources {
		out.WriteString("---\n" + r.MustYaml())
	}
	return out.String(), err
}

// memory returns a file system with these files.
func memory(t *testing.T, files map[string]string) filesys.FileSystem {
	t.Helper()
	fsys := filesys.MakeFsInMemory()
	for name, content := range files {
		if err := fsys.WriteFile("/"+name, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	return fsys
}

// TestUnionOfLayouts checks which layouts are not given to kustomize as a whole, and how many of their parts
// are read without it. TestBuildMatchesKustomize compares the results.
func TestUnionOfLayouts(t *testing.T) {
	t.Parallel()
	for layout, want := range map[string]struct{ read, built, groups int }{
		"plain":            {read: 2, built: 2, groups: 2},
		"nested":           {read: 1, built: 1, groups: 1},
		"monorepo":         {read: 5, built: 2, groups: 1},
		"union-references": {read: 1, built: 4, groups: 3},
		"union-notations":  {read: 6, built: 1, groups: 1},
	} {
		b, err := loadBuild(filesys.MakeFsOnDisk(), filepath.Join("testdata", layout), Options{})
		if err != nil {
			t.Fatal(err)
		}
		p, reason := b.plan()
		if reason != "" {
			t.Fatalf("%s: %s", layout, reason)
		}
		a := newAccumulation(newOverlay(b.fsys), b.root.dir, b.root.path, p.kustomization, Options{})
		if _, err := a.union(); err != nil {
			t.Errorf("%s: %v", layout, err)
		}
		got := want
		got.read, got.built, got.groups = 0, 0, 0
		for _, g := range a.groups {
			if g.isRead {
				got.read++
				continue
			}
			got.built += len(g.parts)
			got.groups++
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", layout, got, want)
		}
	}
}

const (
	configMapA = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	configMapB = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"
)

// TestUnionErrors checks that the error is the one of kustomize, and the first in its order.
func TestUnionErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"two files with one resource": {map[string]string{"kustomization.yaml": "resources: [a.yaml, d]", "a.yaml": configMapA, "d/kustomization.yaml": "resources: [x.yaml, y.yaml]", "d/x.yaml": configMapB, "d/y.yaml": configMapA},
			"may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs]"},
		"one resource in the default namespace": {map[string]string{"kustomization.yaml": "resources: [a.yaml, b.yaml]", "a.yaml": configMapA, "b.yaml": strings.ReplaceAll(configMapA, "name: a", "name: a, namespace: default")}, "already registered id"},
		"one local-config resource in two layers": {map[string]string{
			"kustomization.yaml": "resources: [d, e]", "d/kustomization.yaml": "resources: [x.yaml]", "e/kustomization.yaml": "resources: [x.yaml]\nlabels: [{pairs: {a: b}}]",
			"d/x.yaml": strings.ReplaceAll(configMapA, "name: a", "name: a, annotations: {config.kubernetes.io/local-config: 'true'}"), "e/x.yaml": configMapA,
		}, "already registered id"},
		"one file with a resource twice": {map[string]string{"kustomization.yaml": "resources: [a.yaml]", "a.yaml": configMapA + "---\n" + configMapA}, "already registered id"},
		"one file twice":                 {map[string]string{"kustomization.yaml": "resources: [a.yaml, ./a.yaml]", "a.yaml": configMapA}, "already registered id"},
		"one layer twice":                {map[string]string{"kustomization.yaml": "resources: [d, e]", "d/kustomization.yaml": "resources: [a.yaml]", "e/kustomization.yaml": "resources: [../d]", "d/a.yaml": configMapA}, "already registered id"},
		"two generators with one name": {map[string]string{
			"kustomization.yaml": "resources: [d, e]", "d/kustomization.yaml": "configMapGenerator: [{name: a, literals: [a=b]}]", "e/kustomization.yaml": "configMapGenerator: [{name: a, literals: [a=c]}]\nlabels: [{pairs: {a: b}}]\nimages: []",
		}, "already registered id"},
		"a generator and a file":   {map[string]string{"kustomization.yaml": "resources: [a.yaml, d]", "a.yaml": configMapA, "d/kustomization.yaml": "configMapGenerator: [{name: a, literals: [a=b]}]"}, "already registered id"},
		"a file that is no YAML":   {map[string]string{"kustomization.yaml": "resources: [a.yaml, d]", "a.yaml": configMapA, "d/kustomization.yaml": "resources: [x.yaml]", "d/x.yaml": "a: [\n"}, "MalformedYAMLError"},
		"the first of two errors":  {map[string]string{"kustomization.yaml": "resources: [a.yaml, b.yaml, d]", "a.yaml": "a: [\n", "b.yaml": "b: ]\n", "d/kustomization.yaml": "namePrefix: x"}, "a.yaml"},
		"a file without kind":      {map[string]string{"kustomization.yaml": "resources: [a.yaml]", "a.yaml": "apiVersion: v1\nmetadata: {name: a}\n"}, "kind"},
		"a missing file":           {map[string]string{"kustomization.yaml": "resources: [a.yaml, b.yaml]", "a.yaml": configMapA}, "doesn't exist"},
		"a cycle":                  {map[string]string{"kustomization.yaml": "resources: [d]", "d/kustomization.yaml": "resources: [../]"}, "cycle detected"},
		"a cycle of other layers":  {map[string]string{"kustomization.yaml": "resources: [d]", "d/kustomization.yaml": "resources: [../e]\nnamePrefix: x", "e/kustomization.yaml": "resources: [../d]"}, "cycle detected"},
		"a Component":              {map[string]string{"kustomization.yaml": "resources: [d]", "d/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [a.yaml]", "d/a.yaml": configMapA}, "expected kind != 'Component'"},
		"a file outside":           {map[string]string{"kustomization.yaml": "resources: [d]", "d/kustomization.yaml": "resources: [../a.yaml]", "a.yaml": configMapA}, "a.yaml is outside the folder d"},
		"an empty kustomization":   {map[string]string{"kustomization.yaml": "resources: [d]", "d/kustomization.yaml": "kind: Kustomization"}, "kustomization.yaml is empty"},
		"an unknown field":         {map[string]string{"kustomization.yaml": "resources: [d]", "d/kustomization.yaml": "resource: [a.yaml]"}, "unknown field"},
		"a wrong kind":             {map[string]string{"kustomization.yaml": "resources: [d]", "d/kustomization.yaml": "kind: Kustomisation\nresources: [a.yaml]", "d/a.yaml": configMapA}, "kind should be Kustomization"},
		"a folder without one":     {map[string]string{"kustomization.yaml": "resources: [d]", "d/a.yaml": configMapA}, "unable to find one of 'kustomization.yaml'"},
		"two of them":              {map[string]string{"kustomization.yaml": "resources: [d]", "d/kustomization.yaml": "resources: [a.yaml]", "d/kustomization.yml": "resources: [a.yaml]", "d/a.yaml": configMapA}, "Found multiple kustomization files"},
		"a merged line":            {map[string]string{"kustomization.yaml": "resources: [d - ../d]", "d/kustomization.yaml": "resources: [a.yaml]", "d/a.yaml": configMapA}, "d - .."},
		"a subject without a name": {map[string]string{"kustomization.yaml": "resources: [a.yaml, b.yaml]", "b.yaml": configMapA, "a.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: a}\nsubjects: [{kind: User}]\n"}, "no 'name' field"},
		"annotations in a list":    {map[string]string{"kustomization.yaml": "resources: [a.yaml, b.yaml]", "b.yaml": configMapB, "a.yaml": strings.ReplaceAll(configMapA, "name: a", "name: a, annotations: [a]")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := memory(t, c.files)
			_, want := accumulated(fsys, 0, (*accumulation).whole)
			_, got := accumulated(fsys, 1, (*accumulation).run)
			if got == nil || want == nil || got.Error() != want.Error() || !strings.Contains(got.Error(), c.want) {
				t.Errorf("%v\nwant\n%v\nwith %q", got, want, c.want)
			}
		})
	}
}

// TestUnionLeavesLayoutsToKustomize checks layers that decide about resources in others.
func TestUnionLeavesLayoutsToKustomize(t *testing.T) {
	t.Parallel()
	const layer = "d/kustomization.yaml"
	for name, files := range map[string]map[string]string{
		"a schema":                       {layer: "resources: [a.yaml]\nopenapi: {version: v1.20.4}", "d/a.yaml": configMapA},
		"vars below":                     {layer: "resources: [../e]\nnamePrefix: x-", "e/kustomization.yaml": "resources: [a.yaml]\nvars: [{name: X, objref: {kind: ConfigMap, name: a, apiVersion: v1}}]", "e/a.yaml": configMapA},
		"configurations":                 {layer: "resources: [a.yaml]\nconfigurations: [c.yaml]", "d/a.yaml": configMapA, "d/c.yaml": "namePrefix: []\n"},
		"crds":                           {layer: "resources: [a.yaml]\ncrds: [c.json]", "d/a.yaml": configMapA, "d/c.json": "{}"},
		"a folder of transformers":       {layer: "resources: [a.yaml]\ntransformers: [../t]", "d/a.yaml": configMapA, "t/kustomization.yaml": "resources: [t.yaml]", "t/t.yaml": "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: t}\nlabels: {a: b}\n"},
		"former names in a file":         {layer: "resources: [a.yaml]", "d/a.yaml": strings.ReplaceAll(configMapA, "name: a", "name: a, annotations: {internal.config.kubernetes.io/previousNames: x, internal.config.kubernetes.io/previousNamespaces: default, internal.config.kubernetes.io/previousKinds: ConfigMap}")},
		"former names in a layer's file": {layer: "resources: [a.yaml]\nlabels: [{pairs: {a: b}}]", "d/a.yaml": strings.ReplaceAll(configMapA, "name: a", "name: a, annotations: {internal.config.kubernetes.io/needsHashSuffix: enabled}")},
		"a folder like a repository":     {layer: "resources: [github.com/a/b]", "d/github.com/a/b/kustomization.yaml": "resources: [a.yaml]", "d/github.com/a/b/a.yaml": configMapA},
	} {
		files["kustomization.yaml"], files["b.yaml"] = "resources: [b.yaml, d]", configMapB
		if _, err := accumulated(memory(t, files), 1, (*accumulation).union); !errors.Is(err, errInexact) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLayerInSeveralParts checks a layer that is part of the union, and that another layer lists, too.
func TestLayerInSeveralParts(t *testing.T) {
	t.Parallel()
	fsys := memory(t, map[string]string{
		"kustomization.yaml": "resources: [d, e]", "d/kustomization.yaml": "resources: [a.yaml, b.yaml, p.yaml]", "d/a.yaml": configMapA, "d/b.yaml": configMapB,
		"d/p.yaml":             "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, envFrom: [{configMapRef: {name: a}}]}]}\n",
		"e/kustomization.yaml": "resources: [../d]\nnamePrefix: e-",
	})
	want, werr := accumulated(fsys, 0, (*accumulation).whole)
	got, err := accumulated(fsys, 1, (*accumulation).run)
	if got != want || err != nil || werr != nil {
		t.Errorf("errors %v and %v\n%s", err, werr, difference(t, want, got))
	}
}

// TestReferenceKinds checks the kinds against kustomize's table, which it does not export.
func TestReferenceKinds(t *testing.T) {
	t.Parallel()
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kustomize/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := string(read(t, strings.TrimSpace(string(module))+"/internal/konfig/builtinpluginconsts/namereference.go"))
	_, table, _ := strings.Cut(source, "`")
	table, _, _ = strings.Cut(table, "`")
	var parsed struct {
		NameReference []struct {
			Kind       string            `yaml:"kind"`
			FieldSpecs []types.FieldSpec `yaml:"fieldSpecs"`
		} `yaml:"nameReference"`
	}
	if err := yaml.Unmarshal([]byte(table), &parsed); err != nil {
		t.Fatal(err)
	}
	from, to := map[string]bool{}, map[string]bool{}
	for _, r := range parsed.NameReference {
		to[r.Kind] = true
		for _, f := range r.FieldSpecs {
			if from[f.Kind] = true; f.Kind == "Service" && f.Group == knativeServing {
				delete(from, f.Kind)
			}
		}
	}
	if !maps.Equal(from, referrers) || !maps.Equal(to, referred) {
		t.Errorf("referrers %v\nreferred %v", slices.Sorted(maps.Keys(from)), slices.Sorted(maps.Keys(to)))
	}
}
