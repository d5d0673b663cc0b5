// Command apidoc generates the JSON schema of each kind and docs/api.md from the types of
// api/v1alpha1, docs/schemas from those of internal/document, and docs/checks.md from the catalogue of
// checks. It runs controller-gen, which
// must be in the PATH. Run it from the package's directory, as go generate does.
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
	schemas       = "schema"
	apiFiles      = "*_types.go"
	referenceFile = "../../docs/api.md"
	checksFile    = "../../docs/checks.md"
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
	for kind, content := range files {
		if err := os.WriteFile(filepath.Join(dir, schemas, v1alpha1.SchemaFile(kind)), content, 0o644); err != nil {
			return err
		}
	}
	types, err := parseTypes(dir, apiFiles)
	if err != nil {
		return fmt.Errorf("read the types: %w", err)
	}
	if err := writeDocumentSchemas(dir); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, referenceFile), types.reference(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, checksFile), checksPage(), 0o644)
}

// writeDocumentSchemas writes the schemas of the JSON that commands write.
func writeDocumentSchemas(dir string) error {
	types, err := parseTypes(filepath.Join(dir, documentTypes), "*.go")
	if err != nil {
		return fmt.Errorf("read the types: %w", err)
	}
	files, err := schemasOfDocuments(types)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, documentSchemas, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
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
