package kustomize

import (
	"errors"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// TestBuildRejectsEndlessAliases checks that a self-referencing alias is an error with its file.
func TestBuildRejectsEndlessAliases(t *testing.T) {
	t.Parallel()
	endless := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: endless}\ndata: &a {b: *a}\n"
	plain := "resources: [inputs.yaml]\ntransformers: [fence.yaml]\n"
	for file, c := range map[string]map[string]string{
		"inputs.yaml":        {"kustomization.yaml": plain, "inputs.yaml": endless},
		"fence.yaml":         {"kustomization.yaml": plain, "fence.yaml": endless},
		"patch.yaml":         {"kustomization.yaml": plain + "patches: [{path: patch.yaml}]\n", "patch.yaml": endless},
		"listed.txt":         {"kustomization.yaml": "resources: [inputs.yaml, listed.txt]\ntransformers: [fence.yaml]\n", "listed.txt": endless},
		"kustomization.yaml": {"kustomization.yaml": plain + "patches:\n- patch: |\n" + indent(endless)},
		"fallback/inputs.yaml": {
			"kustomization.yaml": "resources: [fallback]\nnamePrefix: a-\n", "fallback/kustomization.yaml": plain,
			"fallback/fence.yaml": finishedFence, "fallback/inputs.yaml": endless,
		},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "inputs.yaml", finishedInputs)
			write(t, dir, "fence.yaml", finishedFence)
			for name, content := range c {
				write(t, dir, name, content)
			}
			out, err := Build(filesys.MakeFsOnDisk(), dir, Options{
				Function:   func(_ *yaml.RNode, items []*yaml.RNode) ([]*yaml.RNode, error) { return items, nil },
				Executable: "/bin/false",
			})
			var malformed *MalformedError
			if !errors.As(err, &malformed) || len(malformed.Findings) != 1 || malformed.Findings[0].Resource.File != file ||
				!strings.Contains(malformed.Findings[0].Message, "is an alias of a value that contains it") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}

func TestPlainRejectsEndlessAliases(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "kustomization.yaml", "resources: [inputs.yaml]\n")
	write(t, dir, "inputs.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: endless}\ndata: &a {b: *a}\n")
	if _, err := Plain(filesys.MakeFsOnDisk(), dir, Options{}); err == nil || !strings.Contains(err.Error(), "inputs.yaml: ConfigMap/endless: data.b: is an alias") {
		t.Error(err)
	}
}
