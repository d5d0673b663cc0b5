package v1alpha1

import (
	"embed"
	"path"
	"strings"
	"sync"
)

//go:embed schema/*.json
var schemaFiles embed.FS

// schemas returns the schema of each kind, which is built when it is first used.
var schemas = sync.OnceValue(schemasOfKinds)

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
