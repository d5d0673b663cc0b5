package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

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
	writeKustomization(t, deploy, items)
}

func writeKustomization(t *testing.T, deploy string, items []*yaml.RNode) {
	t.Helper()
	var out bytes.Buffer
	w := kio.ByteWriter{Writer: &out, ClearAnnotations: []string{kioutil.IndexAnnotation, kioutil.PathAnnotation, resource.KustomizeID, kioutil.LegacyIndexAnnotation, kioutil.LegacyPathAnnotation}}
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

// initAndVerify runs init, and builds and verifies the result in AllowOnly and in Enforce. It returns the folder
// of the fence, and what init printed.
func initAndVerify(t *testing.T, deploy string) (fence, printed string) {
	t.Helper()
	printed = runProgram(t, nil, "init", deploy)
	fence = deploy + "-fence"
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
	return fence, printed
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

// runProgram runs the program, which must succeed, and returns what it prints.
func runProgram(t *testing.T, in []byte, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cli.Run(args, bytes.NewReader(in), &stdout, &stderr); code != 0 {
		t.Fatalf("tenantfence %s: exit status %d\n%s%s", strings.Join(args, " "), code, stdout.String(), stderr.String())
	}
	return stdout.String()
}

// initRefused runs init, which must fail, and returns its message.
func initRefused(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cli.Run(append([]string{"init"}, args...), strings.NewReader(""), &stdout, &stderr); code == 0 {
		t.Fatalf("init %s succeeds:\n%s", strings.Join(args, " "), stdout.String())
	}
	return stderr.String()
}

var _ = exec.Command
