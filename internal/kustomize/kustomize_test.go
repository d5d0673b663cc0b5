package kustomize

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// kustomizeBinary returns the path of the kustomize that `make tools` installs.
func kustomizeBinary(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../bin/kustomize")
	if err != nil || !exists(path) {
		t.Fatalf("%s is missing: run make tools: %v", path, err)
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// runKustomize builds dir with kustomize and function in the PATH.
func runKustomize(t *testing.T, kustomize, function, dir string, flags ...string) string {
	t.Helper()
	cmd := exec.Command(kustomize, append([]string{"build", "--enable-alpha-plugins", "--enable-exec", dir}, flags...)...)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(function)+string(os.PathListSeparator)+os.Getenv("PATH"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.String())
	}
	return string(out)
}

// difference returns a diff.
func difference(t *testing.T, want, got string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "want", want)
	write(t, dir, "got", got)
	out, _ := exec.Command("diff", "-u", filepath.Join(dir, "want"), filepath.Join(dir, "got")).CombinedOutput()
	return string(out)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
