// Command apidoc generates the schema of each kind, as JSON and as Go code, and docs/reference/api.md from the types of
// api/v1alpha1, docs/schemas from those of internal/document, and docs/reference/checks.md from the catalogue of
// checks. It runs controller-gen, which must be in the PATH. Run it from the package's directory, as go generate
// does.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

const (
	schemas  = "schema"
	apiFiles = "*_types.go"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "apidoc:", err)
		os.Exit(1) //nolint:forbidigo // go generate needs the exit status
	}
}

// run generates the files for the package in dir.
func run(dir string) error {
	crds, err := controllerGen(dir)
	if err != nil {
		return err
	}
	files, err := schemasOf(crds)
	if err != nil {
		return fmt.Errorf("read controller-gen's output: %w", err)
	}
	pages, err := pagesOf(dir)
	if err != nil {
		return fmt.Errorf("read the types: %w", err)
	}
	for kind, content := range files {
		pages[filepath.Join(schemas, v1alpha1.SchemaFile(kind))] = content
	}
	if pages[schemaFile], err = schemasAsCode(files); err != nil {
		return err
	}
	for file, content := range pages {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// pagesOf returns the files that need no controller-gen, by their paths from the package in dir.
func pagesOf(dir string) (map[string][]byte, error) {
	types, err := parseTypes(dir, apiFiles)
	if err != nil {
		return nil, err
	}
	written, err := parseTypes(filepath.Join(dir, documentTypes), "*.go")
	if err != nil {
		return nil, err
	}
	pages, err := schemasOfDocuments(written)
	if err != nil {
		return nil, err
	}
	pages["../../docs/reference/api.md"], pages["../../docs/reference/checks.md"] = types.reference(), checksPage()
	return pages, nil
}

func controllerGen(dir string) ([]byte, error) {
	cmd := exec.Command("controller-gen", "crd", "paths=.", "output:crd:stdout")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run controller-gen: %w: %s", err, stderr.String())
	}
	return out, nil
}
