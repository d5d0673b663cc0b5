package flux

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	fluxkust "github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// controller applies a tree as Flux's kustomize-controller does, with its own
// library, and no cluster.
type controller struct {
	t *testing.T
	// root is a copy of the source: Flux writes into it.
	root string
	// applied are the resources that each Kustomization applied, in order.
	applied []appliedStep
}

type appliedStep struct {
	name    string
	objects []unstructured.Unstructured
}

// build is one Kustomization: the folder, built and substituted.
func (c *controller) build(k unstructured.Unstructured) []unstructured.Unstructured {
	c.t.Helper()
	dir, _, err := unstructured.NestedString(k.Object, "spec", "path")
	if err != nil {
		c.t.Fatal(err)
	}
	dir = filepath.Join(c.root, dir)
	if _, err := fluxkust.NewGenerator(c.root, k).WriteFile(dir); err != nil {
		c.t.Fatal(err)
	}
	built, err := fluxkust.SecureBuild(c.root, dir, false)
	if err != nil {
		c.t.Fatalf("%s: %v", k.GetName(), err)
	}
	var objects []unstructured.Unstructured
	for _, r := range built.Resources() {
		substituted, err := fluxkust.SubstituteVariables(c.t.Context(), nil, k, r)
		if err != nil {
			c.t.Fatalf("%s: %v", k.GetName(), err)
		}
		if substituted != nil {
			r = substituted
		}
		object, err := r.Map()
		if err != nil {
			c.t.Fatal(err)
		}
		objects = append(objects, unstructured.Unstructured{Object: object})
	}
	return objects
}

// apply lets one parent find the Kustomizations, and each of them take its turn.
func apply(t *testing.T, files Files, o Options, postBuild map[string]any) []appliedStep {
	t.Helper()
	c := controller{t: t, root: t.TempDir()}
	mustWrite(t, filepath.Join(c.root, o.Path), files)
	steps := c.build(kustomization("parent", o.Path, postBuild))
	done := map[string]bool{}
	for len(done) < len(steps) {
		before := len(done)
		for _, k := range steps {
			if !done[k.GetName()] && ready(t, k, done) {
				substituted := k.DeepCopy()
				if postBuild != nil {
					setField(t, substituted, postBuild, "spec", "postBuild")
				}
				c.applied = append(c.applied, appliedStep{k.GetName(), c.build(*substituted)})
				done[k.GetName()] = true
			}
		}
		if len(done) == before {
			t.Fatalf("the Kustomizations wait for each other: only %v had their turn", done)
		}
	}
	return c.applied
}

func ready(t *testing.T, k unstructured.Unstructured, done map[string]bool) bool {
	t.Helper()
	dependsOn, _, err := unstructured.NestedSlice(k.Object, "spec", "dependsOn")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dependsOn {
		dependency, isMap := d.(map[string]any)
		if !isMap {
			t.Fatalf("%s depends on %v", k.GetName(), d)
		}
		if name, isName := dependency["name"].(string); !isName || !done[name] {
			return false
		}
	}
	return true
}

func kustomization(name, path string, postBuild map[string]any) unstructured.Unstructured {
	spec := map[string]any{"path": path}
	if postBuild != nil {
		spec["postBuild"] = postBuild
	}
	return unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": map[string]any{"name": name}, "spec": spec,
	}}
}

func setField(t *testing.T, k *unstructured.Unstructured, value any, fields ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(k.Object, value, fields...); err != nil {
		t.Fatal(err)
	}
}

func identity(u unstructured.Unstructured) string {
	return fmt.Sprintf("%s/%s %s/%s", u.GetAPIVersion(), u.GetKind(), u.GetNamespace(), u.GetName())
}

// generated are the objects of a build that Flux must apply.
func generated(t *testing.T, nodes []*yaml.RNode) map[string]any {
	t.Helper()
	want := map[string]any{}
	for _, n := range nodes {
		if resource.FenceOf(n) == "" {
			continue
		}
		annotations := n.GetAnnotations()
		annotations[substituteAnnotation] = "disabled"
		// A build is rid of it, a golden case is not.
		delete(annotations, kioutil.PathAnnotation)
		annotated := n.Copy()
		if err := annotated.SetAnnotations(annotations); err != nil {
			t.Fatal(err)
		}
		m, err := annotated.Map()
		if err != nil {
			t.Fatal(err)
		}
		u := unstructured.Unstructured{Object: m}
		want[identity(u)] = m
	}
	return want
}

// checkApplied holds what Flux applies against the build.
func checkApplied(t *testing.T, nodes []*yaml.RNode, o Options, postBuild map[string]any) {
	t.Helper()
	files, findings, err := Tree(nodes, o)
	if err != nil || len(findings) > 0 {
		t.Fatalf("Tree: %v %v", err, findings)
	}
	got := map[string]any{}
	for _, step := range apply(t, files, o, postBuild) {
		for _, object := range step.objects {
			if got[identity(object)] != nil {
				t.Errorf("%s is applied twice, the second time by %s", identity(object), step.name)
			}
			got[identity(object)] = object.Object
		}
	}
	equal(t, "what Flux applies", got, generated(t, nodes))
}

func TestFluxAppliesBuildPolicies(t *testing.T) {
	nodes := items(t, append(append(tenant("acme"), tenant("beta")...), configMap, otherConfigMaps, networkPolicy,
		ccnp("Baseline", "dns"), ccnp("Allow", "nodes"), ccnp("DefaultDeny", "deny"))...)
	for _, o := range groupings {
		checkApplied(t, nodes, o, nil)
	}
}

func TestFluxSubstitutionKeepsPolicies(t *testing.T) {
	nodes := items(t, append(tenant("acme"), configMap)...)
	substitute := map[string]any{"substitute": map[string]any{"PORT": "8080"}}
	for _, o := range groupings {
		checkApplied(t, nodes, o, substitute)
	}
}

func TestFluxAppliesGoldenCases(t *testing.T) {
	cases, err := filepath.Glob("../../testdata/generated/*/expected.yaml")
	if err != nil || len(cases) == 0 {
		t.Fatalf("found no golden case: %v", err)
	}
	for _, file := range cases {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			nodes, err := kio.FromBytes(data)
			if err != nil {
				t.Fatal(err)
			}
			if len(generated(t, nodes)) == 0 {
				return // TestWhatIsNotRendered has these.
			}
			checkApplied(t, nodes, defaults, nil)
		})
	}
}

// The order in which steps are applied, whatever the order in which Flux looks at
// them: nothing of a stage comes before what it waits for.
func TestFluxAppliesAllowsBeforeDefaultDeny(t *testing.T) {
	documents := append(append(tenant("acme"), tenant("beta")...), ccnp("Allow", "nodes"), ccnp("DefaultDeny", "deny"))
	for _, o := range groupings {
		open := map[string]int{}
		for _, step := range apply(t, tree(t, o, documents...), o, nil) {
			for _, object := range step.objects {
				stage, namespace := object.GetLabels()[resource.LabelStage], object.GetNamespace()
				if stage != "DefaultDeny" {
					open[namespace]++
					continue
				}
				want := map[string]int{"tenant-acme": 2, "tenant-beta": 2}[namespace]
				if open[namespace] < want || open[""] < 1 {
					t.Errorf("%s denies before its allows: %v", identity(object), open)
				}
			}
		}
	}
}
