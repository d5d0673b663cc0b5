package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tenantfence/tenantfence/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tenantfence": func() { os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the program as people and hosts run it, one script a story. The
// hosts are the real ones: kustomize and helm, which make tools installs, and kpt, where it
// is on PATH.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	kustomize := filepath.Join(root, "bin", "kustomize")
	if _, err := os.Stat(kustomize); err != nil {
		t.Fatalf("%v: run make tools", err)
	}
	if _, err := exec.LookPath("kpt"); err != nil {
		fmt.Println("skipped: kpt is not on PATH, so no script runs kpt fn render")
	}
	tools := []string{kustomize}
	if helm := filepath.Join(root, "bin", "helm"); exists(helm) {
		tools = append(tools, helm)
	} else {
		fmt.Println("skipped: bin/helm is missing (run make tools), so no script inflates a chart")
	}
	testscript.Run(t, testscript.Params{
		Files:               scripts(t),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TENANTFENCE_MUTATION", os.Getenv("TENANTFENCE_MUTATION")) // of make mutate
			env.Setenv("EXAMPLES", filepath.Join(root, "kustomization-examples"))
			for _, tool := range tools {
				if err := os.Symlink(tool, filepath.Join(env.WorkDir, filepath.Base(tool))); err != nil {
					return err
				}
			}
			env.Setenv("PATH", env.WorkDir+string(os.PathListSeparator)+env.Getenv("PATH"))
			return nil
		},
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// longScripts run many builds. -short skips them.
var longScripts = []string{
	"charts", "cilium-versions", "consent", "layers-above", "layers-above-changes", "layers-that-rename", "outside-fence", "tenant-names", "traffic",
	"verify", "verify-finished", "verify-findings", "verify-hand-written-policies", "verify-kinds", "verify-target", "verify-terminal",
}

// scripts returns the scripts to run, and prints which ones -short skips.
func scripts(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(all) == 0 {
		t.Fatalf("no script found: %v", err)
	}
	isLong := func(file string) bool {
		return slices.Contains(longScripts, strings.TrimSuffix(filepath.Base(file), ".txtar"))
	}
	run := slices.DeleteFunc(slices.Clone(all), isLong)
	if skipped := len(all) - len(run); skipped != len(longScripts) {
		t.Fatalf("longScripts has %d names, and %d scripts have one of them", len(longScripts), skipped)
	}
	if !testing.Short() {
		return all
	}
	t.Logf("skipped by -short: scripts that run many builds: %s", strings.Join(longScripts, ", "))
	return run
}
