package flux

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tenantfence/tenantfence/internal/report"
)

// actionsByFile returns the actions of changed files.
func actionsByFile(changes report.Changes) map[string]report.Action {
	got := map[string]report.Action{}
	for _, c := range changes {
		if c.Action != report.Unchanged {
			got[c.Ref.File] = c.Action
		}
	}
	return got
}

// onDisk returns the files of a tree on disk.
func onDisk(t *testing.T, out string) Files {
	t.Helper()
	files, findings, err := readSealedTree(out)
	if err != nil || len(findings) > 0 {
		t.Fatalf("read %s: %v %v", out, err, findings)
	}
	return files
}

func TestFirstWriteCreatesTree(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "clusters", "rendered")
	files := tree(t, defaults, tenant("acme")...)
	equal(t, "before", IsTree(out), false)
	changes := mustWrite(t, out, files)
	equal(t, "after", IsTree(out), true)
	equal(t, "sum", changes.Summary(), "10 created")
	equal(t, "the tree", onDisk(t, out), files)
	checkNoTemporaryFiles(t, out)
}

func TestWriteIntoEmptyDirectory(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "rendered")
	if err := os.MkdirAll(filepath.Join(out, "acme"), 0o700); err != nil {
		t.Fatal(err)
	}
	files := tree(t, defaults, tenant("acme")...)
	mustWrite(t, out, files)
	equal(t, "the tree", onDisk(t, out), files)
	info, err := os.Stat(out)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder's mode is %v, want it kept: %v", info.Mode(), err)
	}
}

func TestSecondWriteChangesNothing(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "rendered")
	files := tree(t, defaults, append(tenant("acme"), tenant("beta")...)...)
	mustWrite(t, out, files)
	before := snapshot(t, filepath.Dir(out))
	changes := mustWrite(t, out, files)
	equal(t, "changes", actionsByFile(changes), map[string]report.Action{})
	equal(t, "sum", changes.Summary(), "19 unchanged")
	equal(t, "the folder", snapshot(t, filepath.Dir(out)), before)
}

func TestWriteOnlyChangedFiles(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "rendered")
	mustWrite(t, out, tree(t, defaults, append(tenant("acme"), tenant("beta")...)...))
	before := snapshot(t, out)
	changed := strings.Replace(strings.Join(append(tenant("acme"), tenant("beta")...), "---\n"), `port: "443"`, `port: "8443"`, 1)
	changes := mustWrite(t, out, tree(t, defaults, changed, cnp("acme", "Allow", "egress-more")))
	equal(t, "changes", actionsByFile(changes), map[string]report.Action{
		"acme/baseline/tenant-acme.allow-dns.yaml": report.Configured,
		"acme/allow/kustomization.yaml":            report.Configured,
		"acme/allow/tenant-acme.egress-more.yaml":  report.Created,
	})
	after := snapshot(t, out)
	for name, was := range before {
		rel, err := filepath.Rel(out, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, changed := actionsByFile(changes)[filepath.ToSlash(rel)]; !changed && after[name] != was {
			t.Errorf("%s was written again", rel)
		}
	}
	checkNoTemporaryFiles(t, out)
}

func TestWriteDeletesFilesOfRemovedTenant(t *testing.T) {
	t.Parallel()
	for _, o := range groupings {
		out := filepath.Join(t.TempDir(), "rendered")
		both := tree(t, o, append(append(tenant("acme"), tenant("beta")...), ccnp("Allow", "nodes"))...)
		mustWrite(t, out, both)
		changes := mustWrite(t, out, tree(t, o, append(tenant("beta"), ccnp("Allow", "nodes"))...))
		for file, action := range actionsByFile(changes) {
			ofAcme := strings.HasPrefix(file, "acme/") || strings.HasPrefix(file, "_flux/tenantfence-tenant-acme-")
			lists := file == kustomizationFile || strings.HasPrefix(file, "_stages/")
			if (ofAcme && action != report.Deleted) || (!ofAcme && (!lists || action != report.Configured)) {
				t.Errorf("%s %s", file, action)
			}
		}
		if _, err := os.Stat(filepath.Join(out, "acme")); !os.IsNotExist(err) {
			t.Errorf("the folder of the tenant stays: %v", err)
		}
		for file := range onDisk(t, out) {
			if strings.Contains(file, "acme") {
				t.Errorf("%s stays", file)
			}
		}
	}
}

func TestWriteErrorKeepsOldTree(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "rendered")
	old := tree(t, defaults, tenant("acme")...)
	mustWrite(t, out, old)
	before := snapshot(t, filepath.Dir(out))
	// One path cannot be a file and a folder, so writing the new tree fails part-way.
	broken := maps.Clone(old)
	broken["acme/allow/kustomization.yaml/x"] = []byte("x")
	if changes, findings, err := Write(out, broken); err == nil || changes != nil || len(findings) > 0 {
		t.Errorf("got %v, %v, %v, want an error", changes, findings, err)
	}
	equal(t, "the folder", snapshot(t, filepath.Dir(out)), before)
}

func TestRenameTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"out/f": "old", "temporary/tree/f": "new"} {
		if err := create(name, content)(dir); err != nil {
			t.Fatal(err)
		}
	}
	out, next := filepath.Join(dir, "out"), filepath.Join(dir, "temporary", "tree")
	content := func() string {
		data, err := os.ReadFile(filepath.Join(out, "f"))
		return fmt.Sprint(string(data), err)
	}
	if err := renameTwice(filepath.Join(dir, "temporary", "missing"), out); err == nil {
		t.Error("a missing tree replaced the old tree")
	}
	equal(t, "after an error", content(), "old<nil>")
	if err := renameTwice(next, out); err != nil {
		t.Fatal(err)
	}
	equal(t, "after", content(), "new<nil>")
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("got %v, want only out and temporary: %v", entries, err)
	}
}

// Readers find a complete tree at any time, the old one or the new one.
func TestReadersAlwaysSeeCompleteTree(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("other systems have no atomic exchange of folders")
	}
	out := filepath.Join(t.TempDir(), "rendered")
	trees := []Files{tree(t, defaults, tenant("acme")...), tree(t, defaults, tenant("beta")...)}
	mustWrite(t, out, trees[0])
	stop := time.Now().Add(300 * time.Millisecond)
	done := make(chan error, 1)
	go func() {
		var err error
		for i := 1; err == nil && time.Now().Before(stop); i++ {
			_, _, err = Write(out, trees[i%2])
		}
		done <- err
	}()
	for reads := 0; ; reads++ {
		select {
		case err := <-done:
			if err != nil || reads == 0 {
				t.Errorf("%d reads: %v", reads, err)
			}
			return
		default:
		}
		root, err := os.ReadFile(filepath.Join(out, kustomizationFile))
		if err != nil || !bytes.Equal(root, trees[0][kustomizationFile]) && !bytes.Equal(root, trees[1][kustomizationFile]) {
			t.Fatalf("read %d: %v\n%s", reads, err, root)
		}
	}
}

// checkNoTemporaryFiles fails the test if the parent folder contains more than the tree.
func checkNoTemporaryFiles(t *testing.T, out string) {
	t.Helper()
	if entries, err := os.ReadDir(filepath.Dir(out)); err != nil || len(entries) != 1 {
		t.Errorf("the parent folder has more than the tree: %v: %v", entries, err)
	}
}
