package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
// hosts are the real ones: kustomize, which make tools installs, and kpt, where it
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
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", filepath.Join(root, "kustomization-examples"))
			if err := os.Symlink(kustomize, filepath.Join(env.WorkDir, "kustomize")); err != nil {
				return err
			}
			env.Setenv("PATH", env.WorkDir+string(os.PathListSeparator)+env.Getenv("PATH"))
			return nil
		},
	})
}
