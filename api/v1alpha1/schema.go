package v1alpha1

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"

	"k8s.io/kube-openapi/pkg/validation/spec"
)

//go:embed schema/*.json
var schemaFiles embed.FS

// schemas are read when they are first used.
var schemas = lazySchemas()

func lazySchemas() map[string]func() (*spec.Schema, error) {
	out := map[string]func() (*spec.Schema, error){}
	for _, kind := range Kinds() {
		out[kind] = lazySchema(kind)
	}
	return out
}

// SchemaFile is the file name of the schema of a kind, in the folder schema of this package.
func SchemaFile(kind string) string { return strings.ToLower(kind) + ".json" }

// SchemaAddress is the address of the schema of a kind in the repository. It does not change.
func SchemaAddress(kind string) string {
	return "https://raw.githubusercontent.com/tenantfence/tenantfence/main/api/v1alpha1/schema/" + SchemaFile(kind)
}

// Schema returns the JSON schema of a kind.
func Schema(kind string) ([]byte, error) {
	return schemaFiles.ReadFile(path.Join("schema", SchemaFile(kind)))
}

func lazySchema(kind string) func() (*spec.Schema, error) {
	return sync.OnceValues(func() (*spec.Schema, error) {
		content, err := Schema(kind)
		if err != nil {
			return nil, err
		}
		s := new(spec.Schema)
		if err := json.Unmarshal(content, s); err != nil {
			return nil, fmt.Errorf("read the schema of %s: %w", kind, err)
		}
		return s, nil
	})
}
