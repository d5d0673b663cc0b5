package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// layerRow is a row of the table of layers in docs/reference/kustomize.md: a field of a kustomization, and what
// it leads to in each place.
var layerRow = regexp.MustCompile("(?m)^\\| `(\\w+: .+?)` \\| (.+?) \\| (.+?) \\| (.+?) \\|$")

var checkName = regexp.MustCompile("^`([a-z-]+)`")

// layerPlaces are the kustomizations of each column. FIELD is the field, and . the folder to build.
var layerPlaces = [][]map[string]string{
	{{"low": "resources: [../../apps]\nFIELD", ".": "resources: [low, ../inputs]\ntransformers: [../fence]"}},
	{
		{".": "resources: [../apps, ../inputs]\ntransformers: [../fence]\nFIELD"},
		{"low": "resources: [../../apps, ../../inputs]\nFIELD", ".": "resources: [low]\ntransformers: [../fence]"},
	},
	{{"low": "resources: [../../apps, ../../inputs]\ntransformers: [../../fence]", ".": "resources: [low]\nFIELD"}},
}

// TestKustomizeGuide builds and verifies every row of the table of layers in docs/reference/kustomize.md.
func TestKustomizeGuide(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: builds every row of the table of layers")
	}
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "kustomize.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := layerRow.FindAllStringSubmatch(string(guide), -1)
	if len(rows) < 15 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	for _, row := range rows {
		for column, cell := range row[2:] {
			for i, place := range layerPlaces[column] {
				t.Run(strings.Join([]string{row[1], []string{"below", "at", "above"}[column], []string{"", "with Tenants"}[i]}, " "), func(t *testing.T) {
					t.Parallel()
					checkLayers(t, writeLayers(t, row[1], place), cell)
				})
			}
		}
	}
}

// writeLayers writes the kustomizations of a place, and returns the folder to build.
func writeLayers(t *testing.T, field string, place map[string]string) string {
	t.Helper()
	top := t.TempDir()
	if err := os.CopyFS(top, os.DirFS(filepath.Join("testdata", "layers"))); err != nil {
		t.Fatal(err)
	}
	for dir, content := range place {
		content = strings.Replace(content, "FIELD", field, 1)
		if dir == "." {
			// The Component of the field is one folder nearer to the root.
			content = strings.Replace(content, "../../component", "../component", 1)
		}
		dir = filepath.Join(top, "build", dir)
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(content+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(top, "build")
}

// checkLayers checks that a folder is built as kustomize does and verified, or refused by the check
// that the cell names.
func checkLayers(t *testing.T, dir, cell string) {
	t.Helper()
	output, findings, err := runTool("tenantfence", "build", dir)
	report, _, verifyErr := runTool("tenantfence", "verify", dir)
	if refusal := checkName.FindStringSubmatch(cell); refusal != nil {
		if err == nil || output != "" || !onlyErrors(findings, refusal[1]) {
			t.Errorf("build: %v\n%s", err, findings)
		}
		if verifyErr == nil || !onlyErrors(report, refusal[1]) {
			t.Errorf("verify: %v\n%s", verifyErr, report)
		}
		return
	}
	want, messages, kustomizeErr := runTool("kustomize", "build", "--enable-alpha-plugins", "--enable-exec", dir)
	if kustomizeErr != nil || err != nil || output != want {
		t.Errorf("kustomize: %v\n%s\nbuild: %v, same output: %v\n%s", kustomizeErr, messages, err, output == want, findings)
	}
	if verifyErr != nil || !strings.Contains(report, "verified: ") {
		t.Errorf("verify: %v\n%s", verifyErr, report)
	}
}

// onlyErrors reports whether findings have errors of one check, and no others.
func onlyErrors(findings, check string) bool {
	found := false
	for line := range strings.Lines(findings) {
		if strings.HasPrefix(line, "error: ") {
			found = true
			if !strings.HasSuffix(line, " ["+check+"]\n") {
				return false
			}
		}
	}
	return found
}

// runTool runs tenantfence, which testscript puts on the PATH, or kustomize.
func runTool(name string, args ...string) (stdout, stderr string, err error) {
	if name == "kustomize" {
		name = filepath.Join("..", "..", "bin", name)
	}
	cmd := exec.Command(name, args...)
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	err = cmd.Run()
	return out.String(), messages.String(), err
}
