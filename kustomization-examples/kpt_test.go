package examples_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/tenantfence/tenantfence/fn"
)

// TestKptPackage runs the function on the package and compares the files that kpt would write.
// It does not need kpt. The scripts of internal/cli run kpt.
func TestKptPackage(t *testing.T) {
	t.Parallel()
	dir := copyExample(t, "kpt")
	want := files(t, dir)
	render := func() {
		t.Helper()
		pkg, b := renderPackage(t, dir)
		if err := pkg.Write(b.items); err != nil {
			t.Fatal(err)
		}
	}
	render()
	if d := cmp.Diff(want, files(t, dir)); d != "" {
		t.Errorf("rendering changes a rendered package:\n%s", d)
	}

	policy := filepath.Join(dir, "fence", "tenant-acme", "allow-dns.yaml")
	edit(t, policy, "spec:\n", "spec: # agreed in May\n")
	want = files(t, dir)
	render()
	if d := cmp.Diff(want, files(t, dir)); d != "" {
		t.Errorf("rendering removes a comment of a policy:\n%s", d)
	}

	if err := os.Remove(filepath.Join(dir, "beta.yaml")); err != nil {
		t.Fatal(err)
	}
	for file := range want {
		if file == "beta.yaml" || filepath.Dir(file) == filepath.Join("fence", "tenant-beta") {
			delete(want, file)
		}
	}
	render()
	if d := cmp.Diff(want, files(t, dir)); d != "" {
		t.Errorf("removing a Tenant does not remove exactly its files:\n%s", d)
	}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		out[name] = read(t, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// renderPackage runs the function on a package without writing it.
func renderPackage(t *testing.T, dir string) (*kio.LocalPackageReadWriter, build) {
	t.Helper()
	pkg := &kio.LocalPackageReadWriter{PackagePath: dir, KeepReaderAnnotations: false, MatchFilesGlob: []string{"*.yaml"}}
	nodes, err := pkg.Read()
	if err != nil {
		t.Fatal(err)
	}
	var b build
	for _, n := range nodes {
		if n.GetKind() == "TenantFence" {
			b.config = n.Copy()
		}
	}
	r, err := fn.Process(b.config, nodes, fn.Options{})
	if err != nil {
		t.Fatalf("%v: %v", err, r.Findings)
	}
	b.items, b.report = r.Items, r.Report
	return pkg, b
}
