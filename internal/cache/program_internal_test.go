package cache

import (
	"crypto/sha256"
	"testing"
)

// TestOtherPrograms keeps a result, which another program does not find.
func TestOtherPrograms(t *testing.T) {
	t.Parallel()
	f, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256([]byte("key"))
	if err := f.Put(key, []byte("result")); err != nil {
		t.Fatal(err)
	}
	other := &Folder{dir: f.dir, program: sha256.Sum256([]byte("another program"))}
	if _, ok, err := other.Get(key); ok || err != nil {
		t.Errorf("another program finds the result (%v)", err)
	}
	if f.program == [sha256.Size]byte{} {
		t.Error("the program has no hash")
	}
}
