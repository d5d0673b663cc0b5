package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/tenantfence/tenantfence/internal/document"
)

const (
	documentTypes   = "../../internal/document"
	documentSchemas = "../../docs/schemas"
	// documentAddress is where the schemas are. It does not change.
	documentAddress = "https://raw.githubusercontent.com/tenantfence/tenantfence/main/docs/schemas/"
)

// documents are the types of the JSON that commands write, by the file of their schema.
var documents = map[string]reflect.Type{
	"build.json":   reflect.TypeFor[document.Build](),
	"convert.json": reflect.TypeFor[document.Convert](),
	"diff.json":    reflect.TypeFor[document.Diff](),
	"graph.json":   reflect.TypeFor[document.Graph](),
	"explain.json": reflect.TypeFor[document.Explain](),
	"reach.json":   reflect.TypeFor[document.Reach](),
	"render.json":  reflect.TypeFor[document.Render](),
	"verify.json":  reflect.TypeFor[document.Verify](),
	"version.json": reflect.TypeFor[document.Version](),
}

// schemasOfDocuments returns the file with the schema of each document, with the comments of its types.
func schemasOfDocuments(types typeDocs) (map[string][]byte, error) {
	out := map[string][]byte{}
	for file, t := range documents {
		s, err := jsonschema.ForType(t, nil)
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", t.Name(), err)
		}
		types.annotate(s, t)
		s.Schema, s.ID, s.Title = "https://json-schema.org/draft/2020-12/schema", documentAddress+file, "tenantfence "+strings.TrimSuffix(file, ".json")+" -o json"
		content, err := json.MarshalIndent(s, "", " ")
		if err != nil {
			return nil, fmt.Errorf("schema of %s: %w", t.Name(), err)
		}
		out[filepath.Join(documentSchemas, file)] = append(content, '\n')
	}
	return out, nil
}

// annotate adds the comments and values of types to a schema. Other fields are allowed, since later
// versions may add some. Lists are never null.
func (t typeDocs) annotate(s *jsonschema.Schema, of reflect.Type) {
	if i := slices.Index(s.Types, "null"); i >= 0 && len(s.Types) == 2 {
		s.Type, s.Types = s.Types[1-i], nil
	}
	switch of.Kind() {
	case reflect.Pointer:
		t.annotate(s, of.Elem())
		return
	case reflect.Slice:
		t.annotate(s.Items, of.Elem())
		return
	case reflect.Struct:
	default:
		return
	}
	s.AdditionalProperties = nil
	described := t[of.Name()]
	if s.Description == "" {
		s.Description = described.doc
	}
	for _, f := range described.fields {
		property := s.Properties[f.name]
		property.Description = f.doc
		if values := f.limits["enum"]; values != "" {
			for value := range strings.SplitSeq(values, ";") {
				property.Enum = append(property.Enum, value)
			}
		}
	}
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		t.annotate(s.Properties[name], of.Field(i).Type)
	}
}
