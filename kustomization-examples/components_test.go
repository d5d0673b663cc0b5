package examples_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestComponentsInEitherOrder builds the Components over all namespaces, in both orders and
// one at a time.
func TestComponentsInEitherOrder(t *testing.T) {
	t.Parallel()
	both := buildExample(t, "components/platform").output
	dir := copyExample(t, "components")
	edit(t, filepath.Join(dir, "platform", "kustomization.yaml"), "- ../baseline\n- ../default-deny", "- ../default-deny\n- ../baseline")
	if !bytes.Equal(both, buildExample(t, filepath.Join(dir, "platform")).output) {
		t.Error("the order of the Components changes the build")
	}
	if n := count(t, both, "Namespace", ""); n != 21 {
		t.Errorf("%d namespaces are built, want 21", n)
	}
	if n := count(t, both, "CiliumNetworkPolicy", "DefaultDeny"); n != 19 {
		t.Errorf("%d namespaces have a default-deny, want 19: 21 except the two in AllowOnly", n)
	}
	for _, n := range items(t, both) {
		if n.GetKind() != resource.KindCilium || n.GetNamespace() != "team-loyalty" {
			continue
		}
		if deny, err := n.Pipe(yaml.Lookup("spec", "enableDefaultDeny", "ingress")); err != nil || yaml.GetValue(deny) != "false" {
			t.Errorf("%s isolates a namespace in AllowOnly", n.GetName())
		}
	}

	edit(t, filepath.Join(dir, "platform", "kustomization.yaml"), "- ../default-deny\n", "")
	baselineOnly := buildExample(t, filepath.Join(dir, "platform")).output
	if n := count(t, baselineOnly, "CiliumNetworkPolicy", "DefaultDeny"); n != 0 {
		t.Errorf("the Component baseline alone isolates %d namespaces", n)
	}
	if count(t, baselineOnly, "CiliumNetworkPolicy", "Baseline") != count(t, both, "CiliumNetworkPolicy", "Baseline") {
		t.Error("the Component baseline alone generates a different baseline")
	}
}

// TestNamespaceWithComponents covers a layer with namespace: and Components. kustomize sets the
// namespace after the Components, so they receive workloads without a namespace.
func TestNamespaceWithComponents(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds the program")
	dir := copyExample(t, "components")
	layer := filepath.Join(dir, "platform")
	edit(t, filepath.Join(layer, "kustomization.yaml"), "resources:\n", "namespace: team-search\nresources:\n- stray.yaml\n")
	if err := os.WriteFile(filepath.Join(layer, "stray.yaml"), []byte("apiVersion: v1\nkind: Pod\nmetadata:\n  name: stray\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, stderr, err := kustomizeBuild(t, buildProgram(t), layer)
	if err == nil || len(out) > 0 {
		t.Errorf("the build succeeded, want an error: %v", err)
	}
	for _, want := range []string{"Pod/stray", "list the fence in a layer above", "namespace"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr does not contain %q:\n%s", want, stderr)
		}
	}
}

// copyExample copies an example and the sibling folders that it lists.
func copyExample(t *testing.T, name string, siblings ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, dir := range append(siblings, name) {
		if err := os.CopyFS(filepath.Join(root, dir), os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(root, name)
}

// edit replaces a text in a file. The file must contain the text.
func edit(t *testing.T, file, from, to string) {
	t.Helper()
	data := read(t, file)
	edited := strings.Replace(data, from, to, 1)
	if edited == data {
		t.Fatalf("%s does not contain %q", file, from)
	}
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
}

func items(t *testing.T, build []byte) []*yaml.RNode {
	t.Helper()
	out, err := kio.FromBytes(build)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// count counts the items of a kind and, unless it is empty, a stage.
func count(t *testing.T, build []byte, kind, stage string) int {
	t.Helper()
	sum := 0
	for _, n := range items(t, build) {
		if n.GetKind() == kind && (stage == "" || n.GetLabels()[resource.LabelStage] == stage) {
			sum++
		}
	}
	return sum
}
