package cache_test

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tenantfence/tenantfence/internal/cache"
)

// TestFolder keeps a result, finds it again, and finds none of another key, and none in a damaged file.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	f := open(t, dir)
	key, other := sha256.Sum256([]byte("a")), sha256.Sum256([]byte("b"))
	if err := f.Put(key, []byte("result")); err != nil {
		t.Fatal(err)
	}
	for _, again := range []*cache.Folder{f, open(t, dir)} {
		if got, ok, err := again.Get(key); err != nil || !ok || string(got) != "result" {
			t.Errorf("got %q, %t, %v", got, ok, err)
		}
	}
	if _, ok, err := f.Get(other); ok || err != nil {
		t.Errorf("another key has a result (%v)", err)
	}
	if err := f.Put(key, []byte("newer")); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := f.Get(key); string(got) != "newer" {
		t.Errorf("got %q", got)
	}
	file := filesIn(t, dir)[0]
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range []string{"", "cut off", string(whole[:len(whole)-1]), string(whole) + "more"} {
		if err := os.WriteFile(file, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := f.Get(key); ok || err != nil {
			t.Errorf("%q is a result (%v)", damaged, err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := f.Get(key); ok || err != nil {
		t.Errorf("a deleted folder has a result (%v)", err)
	}
	if err := f.Put(key, nil); err != nil {
		t.Errorf("a deleted folder is not created again: %v", err)
	}
}

func TestFolderErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Open(file); err == nil {
		t.Error("a file is a folder")
	}
}

func open(t *testing.T, dir string) *cache.Folder {
	t.Helper()
	f, err := cache.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// filesIn lists the files of a folder. It has one: a temporary file would be another.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil || len(out) != 1 {
		t.Fatalf("%d files: %v", len(out), err)
	}
	return out
}
