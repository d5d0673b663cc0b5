package kustomize

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestUnionMatchesKustomize builds random trees of layers, as a union and with kustomize alone, and
// compares all resources and whether both fail.
func TestUnionMatchesKustomize(t *testing.T) {
	t.Parallel()
	seeds := uint64(400)
	if testing.Short() {
		seeds = 100
	}
	if s, err := strconv.ParseUint(os.Getenv("TENANTFENCE_TEST_SEEDS"), 10, 64); err == nil {
		seeds = s
	}
	exact, failed := 0, 0
	for seed := range seeds {
		fsys := (&treeDrawer{t, rand.New(rand.NewPCG(seed, 1))}).draw()
		union, uerr := accumulated(fsys, 1+15*int(seed%2), (*accumulation).union)
		if errors.Is(uerr, errInexact) {
			continue
		}
		exact++
		whole, werr := accumulated(fsys, 0, (*accumulation).whole)
		if werr != nil {
			failed++
		}
		if (uerr == nil) != (werr == nil) {
			t.Fatalf("seed %d: union: %v\nkustomize: %v\n%s", seed, uerr, werr, treeText(fsys))
		}
		if union != whole {
			t.Fatalf("seed %d: %s\nof\n%s", seed, difference(t, whole, union), treeText(fsys))
		}
	}
	t.Logf("%d of %d trees are unions, and %d of these are errors", exact, seeds, failed)
	if exact < int(seeds)/2 || failed > exact/2 {
		t.Errorf("only %d of %d trees are unions, and %d of these are errors", exact, seeds, failed)
	}
}

// treeDrawer draws a tree of layers.
type treeDrawer struct {
	t *testing.T
	*rand.Rand
}

// one draws one of several texts.
func (d *treeDrawer) one(texts ...string) string { return texts[d.IntN(len(texts))] }

func treeText(fsys filesys.FileSystem) string {
	var out strings.Builder
	_ = fsys.Walk("/", func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			content, _ := fsys.ReadFile(path)
			fmt.Fprintf(&out, "# %s\n%s", path, content)
		}
		return nil
	})
	return out.String()
}

// treeFolders are the folders of a tree. The first is the root, and has no other fields. Each lists only
// later ones, because kustomize refuses cycles.
var treeFolders = []string{"", "a", "a/b", "c", "c/d", "e", "f"}

// draw writes a tree of layers.
func (d *treeDrawer) draw() filesys.FileSystem {
	fsys := filesys.MakeFsInMemory()
	for i, folder := range treeFolders {
		dir := path.Join("/", folder)
		if err := fsys.MkdirAll(dir); err != nil {
			d.t.Fatal(err)
		}
		resources := d.files(fsys, dir, i)
		for _, later := range treeFolders[i+1:] {
			if d.IntN(len(treeFolders)+1) < 2 {
				resources = append(resources, relative(dir, later))
			}
		}
		fields := ""
		if i > 0 {
			fields = d.fields(i)
		}
		text := "resources: [" + strings.Join(resources, ", ") + "]\n" + fields
		if err := fsys.WriteFile(path.Join(dir, "kustomization.yaml"), []byte(text)); err != nil {
			d.t.Fatal(err)
		}
	}
	return fsys
}

func relative(dir, folder string) string {
	return strings.Repeat("../", strings.Count(strings.TrimSuffix(dir, "/"), "/")) + folder
}

func (d *treeDrawer) files(fsys filesys.FileSystem, dir string, i int) []string {
	var out []string
	for j := range d.IntN(4) {
		var docs []string
		for range []int{0, 1, 1, 2, 4}[d.IntN(5)] {
			docs = append(docs, d.resource(i))
		}
		name := fmt.Sprintf("f%d.yaml", j)
		if err := fsys.WriteFile(path.Join(dir, name), []byte(strings.Join(docs, "---\n"))); err != nil {
			d.t.Fatal(err)
		}
		out = append(out, name)
	}
	return out
}

// drawName draws a name, most often one that no other folder uses.
func (d *treeDrawer) name(i int) string {
	return d.one("x", "p-x", "y", fmt.Sprint("x", i), fmt.Sprint("y", i), fmt.Sprint("z", i))
}

func (d *treeDrawer) resource(i int) string {
	namespace := d.one("", "", ", namespace: one", ", namespace: two")
	local := d.one("", "", "", ", annotations: {config.kubernetes.io/local-config: 'true'}")
	metadata := fmt.Sprintf("metadata: {name: %s%s%s}\n", d.name(i), namespace, local)
	cluster := fmt.Sprintf("metadata: {name: %s%s}\n", d.name(i), local)
	ref := d.name(i)
	rbac := "apiVersion: rbac.authorization.k8s.io/v1\nkind: "
	subjects := fmt.Sprintf("subjects: [{kind: ServiceAccount, name: %s, namespace: %s}]\n", ref, d.one("default", "one", "two"))
	return d.one(
		"apiVersion: v1\nkind: ConfigMap\n"+metadata+"data: {a: 1.50, b: 0x1F}\n",
		"apiVersion: v1\nkind: Secret\n"+metadata,
		"apiVersion: v1\nkind: ServiceAccount\n"+metadata,
		"apiVersion: v1\nkind: Service\n"+metadata,
		"apiVersion: v1\nkind: Namespace\n"+cluster,
		"apiVersion: tenantfence.dev/v1alpha1\nkind: Tenant\n"+metadata+"spec: {n: 1234567, f: 1e3}\n",
		"apiVersion: v1\nkind: Pod\n"+metadata+fmt.Sprintf("spec: {serviceAccountName: %s, containers: [{name: c, image: web:1, envFrom: [{configMapRef: {name: %s}}, {secretRef: {name: %s}}]}]}\n", ref, ref, ref),
		rbac+"Role\n"+metadata+"rules: [{resourceNames: ["+ref+"]}]\n",
		rbac+"ClusterRole\n"+cluster+"rules: [{resourceNames: ["+ref+"]}]\n",
		rbac+"RoleBinding\n"+metadata+"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: "+ref+"}\n"+subjects,
		rbac+"ClusterRoleBinding\n"+cluster+"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "+ref+"}\n"+subjects,
		rbac+"ClusterRoleBinding\n"+cluster+"subjects: [{kind: User}]\n",
		"apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, "+strings.TrimSpace(metadata)+"}]\n",
		"# nothing\n",
	)
}

// drawFields draws the other fields of a kustomization.
func (d *treeDrawer) fields(i int) string {
	var out strings.Builder
	for _, field := range []string{
		"namePrefix: p-\n",
		"nameSuffix: -s\n",
		"namespace: one\n",
		fmt.Sprintf("namespace: n%d\n", i),
		"labels: [{pairs: {a: b}}]\n",
		"images: [{name: web, newTag: '2'}]\n",
		"configMapGenerator: [{name: " + d.name(i) + ", literals: [a=b]}]\n",
		"secretGenerator: [{name: " + d.name(i) + ", literals: [a=b], options: {disableNameSuffixHash: true}}]\n",
		"patches: [{target: {kind: ConfigMap}, patch: '[{\"op\": \"add\", \"path\": \"/data/c\", \"value\": \"1\"}]'}]\n",
		"patches: [{target: {kind: Service}, options: {allowNameChange: true}, patch: '[{\"op\": \"replace\", \"path\": \"/metadata/name\", \"value\": \"x\"}]'}]\n",
		"transformers: ['{apiVersion: builtin, kind: PrefixTransformer, metadata: {name: t}, prefix: q-, fieldSpecs: [{path: metadata/name}]}']\n",
		"metadata: {name: m}\n",
	} {
		name, _, _ := strings.Cut(field, ":")
		if d.IntN(20) == 0 && !strings.Contains("\n"+out.String(), "\n"+name+":") {
			out.WriteString(field)
		}
	}
	return out.String()
}
