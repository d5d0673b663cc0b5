package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tenantfence/tenantfence/internal/convert"
	"github.com/tenantfence/tenantfence/internal/proof"
)

// If one file cannot be written, none is, and no temporary file remains.
func TestWriteSourcesAllOrNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	after := convert.Text{Documents: []convert.Document{{Text: []byte("after")}}}
	sources := []source{{File: proof.File{Name: file}}, {File: proof.File{Name: filepath.Join(dir, "vanished.yaml")}}}
	if err := writeSources(sources, []convert.Text{after, after}); err == nil {
		t.Error("a file that vanished is no error")
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "before" {
		t.Errorf("it holds %q: %v", data, err)
	}
	if err := writeSources(sources[:1], []convert.Text{after}); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(dir)
	if data, rerr := os.ReadFile(file); err != nil || rerr != nil || len(entries) != 1 || string(data) != "after" {
		t.Errorf("it holds %q, among %v: %v %v", data, entries, err, rerr)
	}
}
