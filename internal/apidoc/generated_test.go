package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

const api = "../../api/v1alpha1"

func parsedTypes(t *testing.T) typeDocs {
	t.Helper()
	types, err := parseTypes(api, apiFiles)
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestPagesAreUpToDate(t *testing.T) {
	pages, err := pagesOf(api)
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range pages {
		want, err := os.ReadFile(filepath.Join(api, file))
		// The links below a page are those of package docs.
		if want, _, _ = bytes.Cut(want, []byte("\n---\n\n← ")); err != nil || string(bytes.TrimSpace(want)) != string(bytes.TrimSpace(content)) {
			t.Errorf("%s differs from the types or the catalogue: run make generate (%v)", file, err)
		}
	}
}

// TestSchemasPageNamesEverySchema checks the addresses in docs/reference/schemas.md.
func TestSchemasPageNamesEverySchema(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "schemas.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		if !strings.Contains(string(page), v1alpha1.SchemaAddress(kind)+" |\n") {
			t.Errorf("docs/reference/schemas.md has no address of the schema of %s", kind)
		}
	}
	for file := range documents {
		if !strings.Contains(string(page), "(../schemas/"+file+")") {
			t.Errorf("docs/reference/schemas.md does not name %s", file)
		}
	}
}

func TestReferenceHasEveryType(t *testing.T) {
	types := parsedTypes(t)
	reference := string(types.reference())
	for name := range types {
		if !strings.Contains(reference, "# "+name+"\n") {
			t.Errorf("%s is missing in the reference, or no kind uses it", name)
		}
	}
	for line := range strings.SplitSeq(reference, "\n") {
		if strings.Contains(line, "?") && strings.HasPrefix(line, "| `") {
			t.Errorf("unknown type: %s", line)
		}
	}
}

// schema has the fields of a JSON schema that follow from the types.
type schema struct {
	Description          string
	Properties           map[string]*schema
	Required             []string
	Enum                 []string
	Items                *schema
	AdditionalProperties json.RawMessage
}

// TestSchemasAreUpToDate compares fields, comments, values and required fields, without
// controller-gen. make lint compares what only the markers set.
func TestSchemasAreUpToDate(t *testing.T) {
	types := parsedTypes(t)
	for _, kind := range kinds {
		content, err := os.ReadFile(filepath.Join(api, schemas, v1alpha1.SchemaFile(kind)))
		if err != nil {
			t.Fatal(err)
		}
		var s schema
		if err := json.Unmarshal(content, &s); err != nil {
			t.Fatalf("%s: %v", v1alpha1.SchemaFile(kind), err)
		}
		stale := func(path, what string) {
			t.Errorf("%s: %s: %s: run make generate", v1alpha1.SchemaFile(kind), path, what)
		}
		for _, f := range types[kind].fields {
			if f.name == "spec" {
				compareSchema(types, f, s.Properties["spec"], "spec", stale)
			}
		}
	}
}

func TestSchemaCodeIsUpToDate(t *testing.T) {
	files := map[string][]byte{}
	for _, kind := range kinds {
		content, err := v1alpha1.Schema(kind)
		if err != nil {
			t.Fatal(err)
		}
		files[kind] = content
	}
	want, err := schemasAsCode(files)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(api, schemaFile)); err != nil || string(got) != string(want) {
		t.Errorf("%s differs from the JSON schemas: run make generate (%v)", schemaFile, err)
	}
}

// A keyword that the code cannot express would otherwise not be checked.
func TestSchemaCodeOfUnknownKeyword(t *testing.T) {
	for _, s := range []string{
		`{"pattern": "^a$"}`, `{"properties": {"a": {"maxLength": 1}}}`, `{"items": {"format": "ipv4"}}`, `{"additionalProperties": {"x-a": 1}}`,
	} {
		files := map[string][]byte{}
		for _, kind := range kinds {
			files[kind] = []byte(s)
		}
		if _, err := schemasAsCode(files); err == nil {
			t.Errorf("%s is accepted", s)
		}
	}
}

func compareSchema(types typeDocs, f fieldDoc, s *schema, path string, stale func(path, what string)) {
	if s == nil {
		stale(path, "is missing")
		return
	}
	text := f.doc
	d, isAPIType := types[typeName(f.typ)]
	if text == "" {
		text = d.doc
	}
	if want := strings.Join(strings.Fields(text), " "); s.Description != want {
		stale(path, "its description is not the comment")
	}
	for s.Items != nil {
		s = s.Items
	}
	if !isAPIType {
		return
	}
	compareFields(types, d, s, path, stale)
	var values []string
	for _, v := range d.values {
		values = append(values, v.value)
	}
	if !slices.Equal(values, s.Enum) {
		stale(path, "its values are not the constants")
	}
}

func compareFields(types typeDocs, d typeDoc, s *schema, path string, stale func(path, what string)) {
	known := map[string]bool{}
	for _, f := range d.fields {
		known[f.name] = true
		if f.required != slices.Contains(s.Required, f.name) {
			stale(path+"."+f.name, "is required in only one of schema and types")
		}
		compareSchema(types, f, s.Properties[f.name], path+"."+f.name, stale)
	}
	for name := range s.Properties {
		if !known[name] {
			stale(path+"."+name, "is not a field of "+d.name)
		}
	}
	if len(d.fields) > 0 && string(s.AdditionalProperties) != "false" {
		stale(path, "allows unknown fields")
	}
}

func TestSchemasOfIncompleteStream(t *testing.T) {
	for desc, crds := range map[string]string{
		"nothing":             "",
		"no YAML":             "\t",
		"no versions":         "spec: {names: {kind: Tenant}}",
		"three kinds missing": `spec: {names: {kind: Tenant}, versions: [{schema: {openAPIV3Schema: {type: object}}}]}`,
	} {
		if _, err := schemasOf([]byte(crds)); err == nil {
			t.Errorf("%s: accepted", desc)
		}
	}
}
