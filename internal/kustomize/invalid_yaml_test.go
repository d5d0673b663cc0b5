package kustomize

import (
	"errors"
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestInvalidYAMLHasAPosition checks that the error about a file names it, with the position and the
// parser's reason, wherever a kustomization lists the file.
func TestInvalidYAMLHasAPosition(t *testing.T) {
	t.Parallel()
	plain := "resources: [inputs.yaml]\ntransformers: [fence.yaml]\n"
	for name, c := range map[string]struct {
		file, content string
		line, column  int
		reason        string
	}{
		"a resource":        {"inputs.yaml", "apiVersion: v1\nkind: X\nmetadata:\n  name: a\n bad: [\n", 4, 3, "did not find expected key"},
		"a second document": {"inputs.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\na: b\n  c: d\n", 6, 3, "mapping values are not allowed in this context"},
		"the fence":         {"fence.yaml", "kind: TenantFence\n x: y\n", 2, 2, "mapping values are not allowed in this context"},
		"the kustomization": {"kustomization.yaml", "resources:\n- a.yaml\n  b: c\n", 3, 3, "mapping values are not allowed in this context"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "inputs.yaml", finishedInputs)
			write(t, dir, "fence.yaml", finishedFence)
			write(t, dir, "kustomization.yaml", plain)
			write(t, dir, c.file, c.content)
			_, err := Build(filesys.MakeFsOnDisk(), dir, Options{Function: testFunction, Executable: "/bin/false"})
			var invalid *InvalidYAMLError
			if !errors.As(err, &invalid) {
				t.Fatalf("error %v", err)
			}
			if want := (InvalidYAMLError{filepath.ToSlash(filepath.Join(dir, c.file)), c.line, c.column, c.reason}); *invalid != want {
				t.Errorf("got %+v, want %+v", *invalid, want)
			}
		})
	}
}
