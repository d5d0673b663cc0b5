package v1alpha1

import (
	"encoding/json"
	"reflect"
	"testing"

	"k8s.io/kube-openapi/pkg/validation/spec"
)

// TestSchemas compares the schemas that the reader uses with the JSON schemas.
func TestSchemas(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		content, err := Schema(kind)
		if err != nil {
			t.Fatal(err)
		}
		want := new(spec.Schema)
		if err := json.Unmarshal(content, want); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		want.Title, want.Schema, want.ExtraProps = "", "", nil
		withoutDescriptions(want)
		if got := schemas()[kind]; !reflect.DeepEqual(got, want) {
			t.Errorf("the schema of %s differs from %s: run make generate", kind, SchemaFile(kind))
		}
	}
}

func withoutDescriptions(s *spec.Schema) {
	s.Description = ""
	for name, property := range s.Properties {
		withoutDescriptions(&property)
		s.Properties[name] = property
	}
	if s.Items != nil {
		withoutDescriptions(s.Items.Schema)
	}
	if more := s.AdditionalProperties; more != nil && more.Schema != nil {
		withoutDescriptions(more.Schema)
	}
}
