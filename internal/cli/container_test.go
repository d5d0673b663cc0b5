package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestContainer builds the image without a registry and has kustomize run it as a
// container function: without network, without privileges.
func TestContainer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped by -short: builds a container image")
	}
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		fmt.Println("skipped TestContainer: no Docker engine is running")
		t.Skipf("no Docker engine is running: %v\n%s", err, out)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	context := t.TempDir()
	image := fmt.Sprintf("tenantfence-test:%d", os.Getpid())
	run(t, root, "env", "CGO_ENABLED=0", "go", "build", "-ldflags", "-s -w", "-o", filepath.Join(context, "bin", "tenantfence"), ".")
	run(t, root, "cp", "-r", "Dockerfile", "LICENSE", ".docker", context)
	run(t, context, "docker", "build", "--target", "prebuilt", "--tag", image, ".")
	t.Cleanup(func() { run(t, context, "docker", "rmi", "--force", image) })

	user := strings.TrimSpace(run(t, root, "docker", "inspect", "--format", "{{.Config.User}}", image))
	if user == "" || user == "root" || user == "0" {
		t.Errorf("the image runs as %q: it must not be root", user)
	}

	example := filepath.Join(t.TempDir(), "soctalk")
	run(t, root, "cp", "-r", filepath.Join("kustomization-examples", "soctalk"), example)
	kustomize := filepath.Join(root, "bin", "kustomize")
	inProcess := run(t, root, filepath.Join(context, "bin", "tenantfence"), "build", example)

	fence := filepath.Join(example, "fence.yaml")
	data, err := os.ReadFile(fence)
	if err != nil {
		t.Fatal(err)
	}
	containerFence := strings.Replace(string(data), "exec:\n        path: tenantfence", "container:\n        image: "+image, 1)
	if containerFence == string(data) {
		t.Fatalf("%s does not name its program as this test expects", fence)
	}
	if err := os.WriteFile(fence, []byte(containerFence), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(t, root, kustomize, "build", "--enable-alpha-plugins", example)
	if !strings.Contains(got, "kind: CiliumNetworkPolicy") {
		t.Error("the container generated no policy")
	}
	if got != inProcess {
		t.Error("kustomize with the container and tenantfence build differ")
	}

	// A refusal gets out of the container: its exit status, and its words.
	if err := os.Remove(filepath.Join(example, "acme", "namespace.yaml")); err != nil {
		t.Fatal(err)
	}
	run(t, example, "sed", "-i", "/- namespace.yaml/d", "acme/kustomization.yaml")
	cmd := exec.Command(kustomize, "build", "--enable-alpha-plugins", example)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil || len(out) > 0 {
		t.Errorf("a build without tenant-acme passed: %v", err)
	}
	if !strings.Contains(stderr.String(), `namespace "tenant-acme" is not in the build`) {
		t.Errorf("stderr lacks the finding:\n%s", stderr.String())
	}
}

// run runs a program and returns its output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String()
}
