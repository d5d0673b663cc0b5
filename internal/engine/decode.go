package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	kjson "sigs.k8s.io/json"
)

// decode reads JSON as the apiserver does: field names are case-sensitive, and unknown fields
// are dropped.
func decode(doc []byte, into any) error {
	err := kjson.UnmarshalCaseSensitivePreserveInts(doc, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return wrongType(wrong)
	}
	return err
}

// wrongType names the field, and the types by their YAML names instead of Go's.
func wrongType(e *json.UnmarshalTypeError) error {
	var path []string
	for name := range strings.SplitSeq(e.Field, ".") {
		// An embedded Go struct is not a field of the resource.
		if name != "" && !unicode.IsUpper(rune(name[0])) {
			path = append(path, name)
		}
	}
	value, _, _ := strings.Cut(e.Value, " ")
	if value == "array" {
		value = "list"
	}
	expected := "string"
	switch e.Type.Kind() {
	case reflect.Struct, reflect.Map, reflect.Pointer, reflect.Interface:
		expected = "object"
	case reflect.Slice, reflect.Array:
		expected = "list"
	case reflect.Bool:
		expected = "bool"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		expected = "number"
	}
	field := strings.Join(path, ".")
	if field == "" {
		field = "a value"
	}
	return fmt.Errorf("%s is of type %s, but Cilium expects type %s", field, value, expected)
}
