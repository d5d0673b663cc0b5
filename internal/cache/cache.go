// Package cache keeps results in a folder, by a hash of all that they depend on.
package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is a cache in a folder. It trusts what it reads: a file of it can state any result. It may be
// deleted at any time, and several processes may use it. Results of another program are not found.
type Folder struct {
	dir string
	// program is the hash of the running program.
	program [sha256.Size]byte
}

// Open opens a cache, and creates its folder. It returns an error if the folder cannot be written, or the running
// program cannot be read.
func Open(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open the cache: %w", err)
	}
	out := &Folder{dir: dir}
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the running program: %w", err)
	}
	program, err := os.Open(path) //nolint:gosec // It is the running program.
	if err != nil {
		return nil, fmt.Errorf("read the running program: %w", err)
	}
	defer program.Close() //nolint:errcheck // It is only read.
	h := sha256.New()
	if _, err := io.Copy(h, program); err != nil {
		return nil, fmt.Errorf("read the running program: %w", err)
	}
	h.Sum(out.program[:0])
	return out, nil
}

// path is the file of a result.
func (f *Folder) path(key [sha256.Size]byte) string {
	name := sha256.Sum256(append(f.program[:], key[:]...))
	text := hex.EncodeToString(name[:])
	return filepath.Join(f.dir, text[:2], text[2:])
}

// Get returns a result, and reports whether the cache has it. A file that was cut off is no result.
func (f *Folder) Get(key [sha256.Size]byte) ([]byte, bool, error) {
	data, err := os.ReadFile(f.path(key))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("read the cache: %w", err)
	}
	if len(data) < sha256.Size {
		return nil, false, nil
	}
	sum, value := data[:sha256.Size], data[sha256.Size:]
	return value, sha256.Sum256(value) == [sha256.Size]byte(sum), nil
}

// Put keeps a result.
func (f *Folder) Put(key [sha256.Size]byte, value []byte) error {
	path := f.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("write the cache: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return fmt.Errorf("write the cache: %w", err)
	}
	defer os.Remove(temporary.Name()) //nolint:errcheck // After the rename, it does not exist.
	sum := sha256.Sum256(value)
	_, err = temporary.Write(append(sum[:], value...))
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the cache: %w", err)
	}
	return nil
}
