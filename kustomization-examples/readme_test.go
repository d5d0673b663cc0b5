package examples_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

var codeBlock = regexp.MustCompile("(?s)\n```(yaml|sh|text)\n(.*?)```\n")

// TestReadmes compares the blocks of the READMEs with the files and builds that they quote,
// and runs their commands.
func TestReadmes(t *testing.T) {
	t.Parallel()
	skipInShort(t, "builds the program and runs the commands of every README")
	readmes, err := filepath.Glob("*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := buildProgram(t)
	for _, file := range append(readmes, "../README.md", "../docs/convert.md", "../docs/external-resources.md", "../docs/init.md", "../docs/kustomize.md", "../docs/operators.md", "../docs/cloudnativepg.md", "../docs/proof.md") {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			blocks := codeBlock.FindAllStringSubmatch(read(t, file), -1)
			if len(blocks) == 0 {
				t.Fatal("it has no code block")
			}
			for _, b := range blocks {
				switch b[1] {
				case "yaml":
					checkYAML(t, b[2])
				case "text":
					checkText(t, b[2])
				default:
					runShell(t, bin, b[2])
				}
			}
		})
	}
}

// checkYAML checks a block whose first line names its source: the block equals the file or is
// a part of the build. A block without a source must be valid YAML.
func checkYAML(t *testing.T, block string) {
	t.Helper()
	n, err := yaml.Parse(block)
	if err != nil {
		t.Fatalf("%v:\n%s", err, block)
	}
	var errs field.ErrorList
	switch n.GetKind() {
	case v1alpha1.KindTenant:
		_, errs = v1alpha1.Decode[v1alpha1.Tenant](n, nil)
	case v1alpha1.KindFlowTest:
		_, errs = v1alpha1.Decode[v1alpha1.FlowTest](n, nil)
	case v1alpha1.KindExternalResources:
		_, errs = v1alpha1.Decode[v1alpha1.ExternalResources](n, nil)
	}
	if len(errs) > 0 {
		t.Errorf("%v:\n%s", errs, block)
	}
	title, rest, _ := strings.Cut(block, "\n")
	source, ok := strings.CutPrefix(title, "# ")
	if !ok {
		return
	}
	if dir, ok := strings.CutPrefix(source, "kustomize build "); ok {
		if !bytes.Contains(buildExample(t, filepath.Join("..", dir)).output, []byte("\n---\n"+rest)) {
			t.Errorf("the build of %s does not contain:\n%s", dir, rest)
		}
		return
	}
	data, err := os.ReadFile(filepath.Join("..", source))
	if err != nil || string(data) != rest {
		t.Errorf("the block differs from %s (%v):\n%s", source, err, rest)
	}
}

// checkText checks a block whose first line names the file that contains the other lines.
func checkText(t *testing.T, block string) {
	t.Helper()
	source, rest, _ := strings.Cut(strings.TrimPrefix(block, "# "), "\n")
	data, err := os.ReadFile(filepath.Join("..", source))
	if err != nil || rest == "" || !strings.Contains(string(data), rest) {
		t.Errorf("%s does not contain (%v):\n%s", source, err, rest)
	}
}

// runShell runs the commands of a block in the root folder. It only checks that the targets of
// make commands exist, because these commands run this test.
func runShell(t *testing.T, bin, block string) {
	t.Helper()
	dir := t.TempDir()
	tools, err := filepath.Abs("../bin")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "kustomization-examples"), os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	makefile := read(t, "../Makefile")
	for line := range strings.Lines(block) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "make" {
			if !strings.Contains(makefile, "\n"+fields[1]+":") {
				t.Errorf("make has no target %s", fields[1])
			}
			continue
		}
		line, _, _ = strings.Cut(line, " > ")
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+":"+tools+":"+os.Getenv("PATH"))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || len(out) == 0 {
			t.Errorf("%s: %v, %d bytes of output\n%s", line, err, len(out), stderr.String())
		}
	}
}
