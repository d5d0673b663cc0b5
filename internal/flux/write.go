package flux

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"
)

// Write replaces the content of a folder with the files, and returns the changes. Readers see
// either the old tree or the new tree. The old tree stays on an error or on a finding that is
// an error. Write does not touch unchanged files.
func Write(out string, files Files) (report.Changes, report.Findings, error) {
	out = filepath.Clean(out)
	old, mode, findings, err := readOld(out)
	if err != nil || findings.HasError() {
		return nil, findings, err
	}
	changes := compare(old, files)
	if len(changes.Effective()) == 0 {
		return changes, nil, nil
	}
	if err := replace(out, old, files, mode); err != nil {
		return nil, nil, err
	}
	return changes, nil, nil
}

// Compare returns the changes and findings of Write, and writes nothing.
func Compare(out string, files Files) (report.Changes, report.Findings, error) {
	old, _, findings, err := readOld(filepath.Clean(out))
	if err != nil || findings.HasError() {
		return nil, findings, err
	}
	return compare(old, files), nil, nil
}

// readOld reads the tree that Write replaces, with its mode. Without one, the files are nil.
func readOld(out string) (Files, os.FileMode, report.Findings, error) {
	info, err := statTarget(out)
	if err != nil || info == nil {
		return nil, 0o755, nil, err
	}
	old, findings, err := readSealedTree(out)
	return old, info.Mode().Perm(), findings, err
}

func compare(old, files Files) report.Changes {
	var changes report.Changes
	for file, content := range files {
		action := report.Created
		if previous, ok := old[file]; ok {
			action = report.Configured
			if bytes.Equal(previous, content) {
				action = report.Unchanged
			}
		}
		changes = append(changes, report.Change{Action: action, Ref: report.Ref{File: file}})
	}
	for file := range old {
		if _, ok := files[file]; !ok {
			changes = append(changes, report.Change{Action: report.Deleted, Ref: report.Ref{File: file}})
		}
	}
	slices.SortFunc(changes, func(a, b report.Change) int { return strings.Compare(a.Ref.File, b.Ref.File) })
	return changes
}

// replace writes the new tree next to the old one, on the same file system, and swaps the two.
func replace(out string, old, files Files, mode os.FileMode) (err error) {
	parent := filepath.Dir(out)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	temporaryDir, err := os.MkdirTemp(parent, "."+filepath.Base(out)+".tenantfence-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	defer func() {
		if rerr := os.RemoveAll(temporaryDir); rerr != nil {
			err = errors.Join(err, fmt.Errorf("remove the rest of the old tree: %w", rerr))
		}
	}()
	tree := filepath.Join(temporaryDir, "tree")
	if err := writeTree(tree, out, old, files); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	if err := os.Chmod(tree, mode); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	if old == nil {
		err = os.Rename(tree, out)
	} else {
		err = swap(tree, out)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	return nil
}

// writeTree writes the files into a new folder. It links unchanged files of the old tree, so
// they keep their inodes and times.
func writeTree(tree, out string, old, files Files) error {
	for _, file := range files.paths() {
		name := filepath.Join(tree, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if previous, ok := old[file]; ok && bytes.Equal(previous, files[file]) {
			if err := os.Link(filepath.Join(out, filepath.FromSlash(file)), name); err == nil {
				continue
			}
			// Some file systems have no links. Write the file instead.
		}
		if err := os.WriteFile(name, files[file], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// swap replaces the old tree with the new tree, atomically if the system supports it.
func swap(tree, out string) error {
	err := exchange(tree, out)
	if errors.Is(err, errors.ErrUnsupported) {
		return renameTwice(tree, out)
	}
	return err
}

// renameTwice moves the old tree away, and moves it back on an error. Between the two renames
// the target does not exist.
func renameTwice(tree, out string) error {
	oldPath := filepath.Dir(tree) + ".old"
	if err := os.Rename(out, oldPath); err != nil {
		return err
	}
	if err := os.Rename(tree, out); err != nil {
		if restoreErr := os.Rename(oldPath, out); restoreErr != nil {
			return errors.Join(err, fmt.Errorf("the old tree is in %s: %w", oldPath, restoreErr))
		}
		return err
	}
	return os.RemoveAll(oldPath)
}
