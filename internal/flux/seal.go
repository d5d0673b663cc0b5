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

	"github.com/tenantfence/tenantfence/internal/policy"
)

// seal begins the first line of every file that is written. It stands in the file and
// not in a list beside it, so that two branches that were rendered merge.
const seal = "# Rendered by tenantfence: change its inputs, not this file. sha256:"

// IsTree says whether a folder is a tree that was rendered.
func IsTree(dir string) bool {
	content, err := os.ReadFile(filepath.Join(dir, kustomizationFile))
	return err == nil && bytes.HasPrefix(content, []byte(seal))
}

// withSeal is the content of a file, with the line that tells ours from others.
func withSeal(file string, body []byte) []byte {
	return append([]byte(seal+sum(file, body)+"\n"), body...)
}

// sum covers the path, too, so that a copy elsewhere in the tree is no file of ours.
func sum(file string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(file + "\n"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// checkSeal says why a file must not be touched, or "".
func checkSeal(file string, content []byte) (check, message string) {
	line, body, _ := bytes.Cut(content, []byte("\n"))
	was, hasSeal := bytes.CutPrefix(line, []byte(seal))
	switch {
	case !hasSeal:
		return "file-foreign", "was not written by tenantfence render, to which the folder belongs: move it elsewhere"
	case string(was) != sum(file, body):
		return "file-edited", "was changed after it was rendered: make the change in the inputs and restore the file, or delete it to have it rendered anew"
	}
	return "", ""
}

// EditedFiles finds the files of a tree that are not as they were rendered, and those that were
// not.
func EditedFiles(out string) (policy.Findings, error) {
	_, findings, err := readSealedTree(out)
	return findings, err
}

// readSealedTree returns the files of a tree that stands, and refuses what is not ours.
func readSealedTree(out string) (Files, policy.Findings, error) {
	files := Files{}
	var findings policy.Findings
	refuse := func(name, check, message string) {
		findings = append(findings, policy.Finding{Check: check, Severity: policy.Error, Resource: policy.Ref{File: name}, Message: message})
	}
	err := filepath.WalkDir(out, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == out:
			return nil
		case entry.IsDir() && strings.HasPrefix(entry.Name(), "."):
			refuse(name, "file-foreign", "was not written by tenantfence render, to which the folder belongs: render into a folder of its own")
			return fs.SkipDir
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			refuse(name, "file-foreign", "is a symbolic link or another special file, which tenantfence render never writes: remove it")
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
		if check, message := checkSeal(file, content); check != "" {
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
