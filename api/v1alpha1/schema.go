package v1alpha1

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"

	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"

	"k8s.io/apimachinery/pkg/util/validation/field"
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

// checkSchema returns errors for values that are missing, out of range or not one of the
// supported ones. The reader has already removed values of the wrong type.
func checkSchema(s *spec.Schema, value map[string]any) field.ErrorList {
	result := validate.NewSchemaValidator(s, nil, "", strfmt.Default).Validate(value)
	var errs field.ErrorList
	for _, err := range result.Errors {
		if e := fieldError(err); e != nil {
			errs = append(errs, e)
		}
	}
	return errs
}

// fieldError converts an error of the schema library to one with a fix.
func fieldError(err error) *field.Error {
	e, ok := err.(*openapierrors.Validation) //nolint:errorlint // a list of plain values, never wrapped
	if !ok {
		return &field.Error{Type: field.ErrorTypeInvalid, BadValue: field.OmitValueType{}, Detail: err.Error()}
	}
	out := &field.Error{Type: field.ErrorTypeInvalid, Field: strings.TrimPrefix(e.Name, "."), BadValue: e.Value}
	if e.Code() == openapierrors.InvalidTypeCode && e.Value == "null" {
		return nil // an item of a list that the reader has refused
	}
	switch e.Code() {
	case openapierrors.RequiredFailCode:
		out.Type, out.BadValue = field.ErrorTypeRequired, ""
	case openapierrors.EnumFailCode:
		var allowed []string
		for _, v := range e.Values {
			allowed = append(allowed, fmt.Sprint(v))
		}
		out = field.NotSupported(nil, e.Value, allowed)
		out.Field = strings.TrimPrefix(e.Name, ".")
	case openapierrors.MinItemsFailCode, openapierrors.TooFewPropertiesCode:
		out.BadValue, out.Detail = field.OmitValueType{}, "is empty: add an item, or remove the field if it is optional"
	case openapierrors.TooShortFailCode:
		out.BadValue, out.Detail = field.OmitValueType{}, emptyValue
	default:
		out.Detail = strings.TrimPrefix(e.Error(), e.Name+" in body ")
	}
	return out
}
