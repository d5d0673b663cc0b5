package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// kinds are the kinds in the order of the reference.
var kinds = v1alpha1.Kinds()

// crd has the fields of a CustomResourceDefinition that the schemas need.
type crd struct {
	Spec struct {
		Names    struct{ Kind string }
		Versions []struct {
			Schema struct {
				OpenAPIV3Schema map[string]any `yaml:"openAPIV3Schema"`
			}
		}
	}
}

// schemasOf converts a stream of CustomResourceDefinitions to one JSON schema for each kind.
func schemasOf(crds []byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	stream := yaml.NewDecoder(bytes.NewReader(crds))
	for {
		var c crd
		if err := stream.Decode(&c); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if len(c.Spec.Versions) != 1 {
			return nil, fmt.Errorf("%s has %d versions, not one", c.Spec.Names.Kind, len(c.Spec.Versions))
		}
		content, err := jsonSchema(c.Spec.Names.Kind, c.Spec.Versions[0].Schema.OpenAPIV3Schema)
		if err != nil {
			return nil, err
		}
		files[c.Spec.Names.Kind] = content
	}
	for _, kind := range kinds {
		if files[kind] == nil {
			return nil, fmt.Errorf("no schema of %s", kind)
		}
	}
	return files, nil
}

func jsonSchema(kind string, s map[string]any) ([]byte, error) {
	properties, ok := s["properties"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the schema of %s has no properties", kind)
	}
	makeStrict(s)
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["$id"] = v1alpha1.SchemaAddress(kind)
	s["title"] = kind
	properties["apiVersion"] = map[string]any{"type": "string", "enum": []string{v1alpha1.APIVersion}}
	properties["kind"] = map[string]any{"type": "string", "enum": []string{kind}}
	properties["metadata"] = metadata()
	required, _ := s["required"].([]any)
	for _, name := range []string{"apiVersion", "kind", "metadata"} {
		if !slices.Contains(required, any(name)) {
			required = append(required, name)
		}
	}
	s["required"] = required
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(s)
	return out.Bytes(), err
}

// metadata is the schema of the metadata fields that this program reads. Hosts add others.
func metadata() map[string]any {
	texts := map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}
	return map[string]any{
		"type": "object", "required": []string{"name"}, "additionalProperties": true,
		"properties": map[string]any{
			"name":      map[string]any{"type": "string", "minLength": 1},
			"namespace": map[string]any{"type": "string", "description": "namespace is ignored: a kustomize layer may write one."},
			"labels":    texts, "annotations": texts,
		},
	}
}

// makeStrict adds the rules of the strict reader to a schema of controller-gen: unknown
// fields and empty strings are errors.
func makeStrict(s map[string]any) {
	if s["x-kubernetes-int-or-string"] == true {
		delete(s, "anyOf")
		s["type"] = []string{"integer", "string"}
	}
	for key := range s {
		if strings.HasPrefix(key, "x-kubernetes-") || key == "format" {
			delete(s, key)
		}
	}
	if d, ok := s["description"].(string); ok {
		s["description"] = strings.Join(strings.Fields(d), " ")
	}
	properties, ok := s["properties"].(map[string]any)
	if ok {
		s["additionalProperties"] = false
	}
	for _, p := range properties {
		property, _ := p.(map[string]any)
		makeStrict(property)
		if property["type"] == "string" && property["enum"] == nil {
			property["minLength"] = 1
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if child, ok := s[key].(map[string]any); ok {
			makeStrict(child)
		}
	}
}
