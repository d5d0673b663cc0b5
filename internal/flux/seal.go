package flux

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"
)

// seal is the prefix of the first line of every rendered file. Each file has its own checksum
// instead of one list for all, so that two rendered branches merge without conflicts.
const seal = "# Rendered by tenantfence: change its inputs, not this file. sha256:"

// IsTree reports whether a folder is a rendered tree.
func IsTree(dir string) bool {
	content, err := os.ReadFile(filepath.Join(dir, kustomizationFile))
	return err == nil && bytes.HasPrefix(content, []byte(seal))
}

// withSeal returns the content of a file after the line that identifies rendered files.
func withSeal(file string, body []byte) []byte {
	return append([]byte(seal+sum(file, body)+"\n"), body...)
}

// sum includes the path, so that a copy elsewhere in the tree has an invalid checksum.
func sum(file string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(file + "\n"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// checkSeal returns the check that a file fails and its message, or nil.
func checkSeal(file string, content []byte) (check *report.Check, message string) {
	line, body, _ := bytes.Cut(content, []byte("\n"))
	recorded, hasSeal := bytes.CutPrefix(line, []byte(seal))
	switch {
	case !hasSeal:
		return report.FileForeign, "was not written by tenantfence render, which replaces the whole folder: move it elsewhere"
	case string(recorded) != sum(file, body):
		return report.FileEdited, "was changed after it was rendered: make the change in the inputs and restore the file, or delete it to render it again"
	}
	return nil, ""
}

// EditedFiles returns findings for the files of a tree that were changed after rendering, and
// for files that tenantfence did not render.
func EditedFiles(out string) (report.Findings, error) {
	_, findings, err := readSealedTree(out)
	return findings, err
}

// readSealedTree returns the files of a tree on disk. It reports changed and foreign files.
func readSealedTree(out string) (Files, report.Findings, error) {
	files := Files{}
	var findings report.Findings
	refuse := func(name string, check *report.Check, message string) {
		findings = append(findings, report.New(check, report.Error, report.Ref{File: name}, "", "%s", message))
	}
	err := filepath.WalkDir(out, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == out:
			return nil
		case entry.IsDir() && strings.HasPrefix(entry.Name(), "."):
			refuse(name, report.FileForeign, "was not written by tenantfence render, which replaces the whole folder: render into a separate folder")
			return fs.SkipDir
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			refuse(name, report.FileForeign, "is a symbolic link or another special file, which tenantfence render never writes: remove it")
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(out, name)
		if err != nil {
			return err
		}
		file := filepath.ToSlash(rel)
		if check, message := checkSeal(file, content); check != nil {
			refuse(name, check, message)
		}
		files[file] = content
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", out, err)
	}
	return files, findings.Sort(), nil
}
