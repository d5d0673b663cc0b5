package strict

import (
	"fmt"
	"strings"

	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkSchema returns errors for values that are missing, out of range or not one of the
// supported ones. The reader has already removed values of the wrong type.
func checkSchema(s *spec.Schema, value map[string]any) field.ErrorList {
	if accepts(s, value) {
		return nil
	}
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
		return RootError(field.ErrorTypeInvalid, err.Error())
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
		out.BadValue, out.Detail = field.OmitValueType{}, EmptyValue
	default:
		out.Detail = strings.TrimPrefix(e.Error(), e.Name+" in body ")
	}
	return out
}
