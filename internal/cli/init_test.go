package cli_test

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cli"
	"github.com/tenantfence/tenantfence/internal/kustomize"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// TestInitOfExamples removes everything of this project, and every policy, from each example. What init writes
// for the rest must build and verify, in AllowOnly and in Enforce.
func TestInitOfExamples(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped by -short: builds every example several times")
	}
	for _, dir := range fencedExamples(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			deploy := filepath.Join(t.TempDir(), "deploy")
			writeStripped(t, dir, deploy)
			initAndVerify(t, deploy)
		})
	}
}

var listsFence = regexp.MustCompile(`(?m)^(transformers|components|generators):`)

// fencedExamples are the folders of the examples that list a fence.
func fencedExamples(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir("../../kustomization-examples", func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != "kustomization.yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if listsFence.Match(data) && !bytes.Contains(data, []byte("kind: Component\n")) {
			out = append(out, filepath.Dir(path))
		}
		return err
	})
	if err != nil || len(out) < 4 {
		t.Fatalf("examples are %s: %v", out, err)
	}
	return out
}

// writeStripped writes a kustomization with the resources of an example that are no policies and not of this
// project.
func writeStripped(t *testing.T, example, deploy string) {
	t.Helper()
	var items []*yaml.RNode
	_, err := kustomize.Build(filesys.MakeFsOnDisk(), example, kustomize.Options{
		Function: func(_ *yaml.RNode, all []*yaml.RNode) ([]*yaml.RNode, error) {
			first := items == nil
			for _, n := range all {
				if first && !resource.IsPolicy(n) && resource.Group(n) != v1alpha1.Group {
					items = append(items, n.Copy())
				}
			}
			return slices.DeleteFunc(slices.Clone(all), func(n *yaml.RNode) bool { return resource.Group(n) == v1alpha1.Group }), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	resource.ClearSources(items)
	var out bytes.Buffer
	w := kio.ByteWriter{Writer: &out, ClearAnnotations: []string{kioutil.IndexAnnotation, kioutil.PathAnnotation, resource.KustomizeID, resource.LegacyIndex, resource.LegacyPath}}
	if err := w.Write(items); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, deploy, map[string]string{"kustomization.yaml": "resources:\n- all.yaml\n", "all.yaml": out.String()})
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// initAndVerify runs init, and builds and verifies the result in AllowOnly and in Enforce.
func initAndVerify(t *testing.T, deploy string) {
	t.Helper()
	runProgram(t, nil, "init", deploy)
	fence := deploy + "-fence"
	verified(t, fence)
	profile := filepath.Join(fence, "profile.yaml")
	data, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	enforced := strings.Replace(string(data), "enforcement: AllowOnly", "enforcement: Enforce", 1)
	if err := os.WriteFile(profile, []byte(enforced), 0o600); err != nil || enforced == string(data) {
		t.Fatalf("the profile is not in AllowOnly: %v", err)
	}
	verified(t, fence)
}

// verified builds and verifies a fence.
func verified(t *testing.T, fence string) {
	t.Helper()
	built := runProgram(t, nil, "build", fence)
	if !strings.Contains(built, "kind: CiliumNetworkPolicy\n") {
		t.Error("the build has no policy")
	}
	report := runProgram(t, []byte(built), "verify", "--inputs", fence, "-")
	lines := strings.Split(strings.TrimSpace(report), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "verified") {
		t.Errorf("the last line is %q", last)
	}
}

// TestInitOfEvidence runs init on the manifests of each case of internal/draft.
func TestInitOfEvidence(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../draft/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case found: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			deploy := filepath.Join(t.TempDir(), "deploy")
			writeFiles(t, deploy, map[string]string{"kustomization.yaml": "resources: [input.yaml]\n", "input.yaml": string(archive.Files[0].Data)})
			initAndVerify(t, deploy)
		})
	}
}

var updateInit = flag.Bool("update", false, "rewrite the expected files of init, and fail once")

// TestInitOfShop compares what init writes and prints for a small shop with the expected files, which are a fence
// that one can build.
func TestInitOfShop(t *testing.T) {
	t.Parallel()
	const shop = "testdata/init/shop"
	const deploy = "../../kustomization-examples/shop/deploy"
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS(deploy)); err != nil {
		t.Fatal(err)
	}
	printed := runProgram(t, nil, "init", filepath.Join(dir, "deploy"))
	got := readFiles(t, filepath.Join(dir, "deploy-fence"))
	got["printed.txt"] = strings.ReplaceAll(printed, dir+string(filepath.Separator), "")
	for name, content := range got {
		path := filepath.Join(shop, name)
		want, err := os.ReadFile(path)
		if err == nil && string(want) == content {
			continue
		}
		t.Errorf("%s differs (go test ./internal/cli -run TestInitOfShop -update rewrites it):\n%s", path, content)
		if *updateInit {
			writeFiles(t, shop, map[string]string{name: content})
		}
	}
	for name := range readFiles(t, shop) {
		if _, written := got[name]; !written {
			t.Errorf("%s is expected, and init does not write it", name)
		}
	}
	if all := strings.Join(slices.Collect(maps.Values(got)), ""); strings.Contains(all, "hunter2") {
		t.Error("the password of a Secret is in the files or the printed text")
	}
}

// readFiles reads the files of a folder, by their paths with slashes.
func readFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := strings.CutPrefix(filepath.ToSlash(path), filepath.ToSlash(dir)+"/")
		out[name] = string(data)
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

// runProgram runs the program, which must succeed, and returns what it prints.
func runProgram(t *testing.T, in []byte, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cli.Run(args, bytes.NewReader(in), &stdout, &stderr); code != 0 {
		t.Fatalf("tenantfence %s: exit status %d\n%s%s", strings.Join(args, " "), code, stdout.String(), stderr.String())
	}
	return stdout.String()
}
