// Package strict reads YAML by a JSON schema: unknown fields, duplicate fields and values of the
// wrong type are errors, each with its fix. It does not depend on the kinds that it reads.
package strict

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// EmptyValue is the detail of an error about a value that is empty.
const EmptyValue = "is empty: set a value, or remove the field"

// The YAML tags of scalars with references to variables.
const (
	// Substituted: the text has the values of variables. The schema decides its type.
	Substituted = "!variable"
	// Unsubstituted: a variable is unknown, which is already reported.
	Unsubstituted = "!unknown"
)

// Reader converts YAML to the value that its schema describes, and collects errors. It reads
// YAML nodes, because only they show duplicate keys and the original text of a number.
type Reader struct {
	// Replacements are fields of similar APIs that authors may try.
	Replacements []Replacement
	// Errors are the errors so far.
	Errors field.ErrorList
	// suggested are the fields that misspelt ones likely refer to. They are not reported as
	// missing.
	suggested []string
}

// Read reads a mapping into out, by way of JSON, in which the types name their fields.
func (r *Reader) Read(n *yaml.Node, s *spec.Schema, out any) error {
	value := r.object(n, s, nil)
	r.Add(checkSchema(s, value))
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, out)
}

// Add adds errors, without follow-up errors: those about a field that already has an error or is
// misspelt, about its content, or about the field that contains it.
func (r *Reader) Add(errs field.ErrorList) {
	reported := r.Errors
	for _, e := range errs {
		if !slices.Contains(r.suggested, e.Field) && !slices.ContainsFunc(reported, func(o *field.Error) bool { return isAtOrBelow(e.Field, o.Field) || isAtOrBelow(o.Field, e.Field) }) {
			r.Errors = append(r.Errors, e)
		}
	}
}

// isAtOrBelow reports whether the field at path is the one at outer, or inside it.
func isAtOrBelow(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// RootError is an error about a whole resource.
func RootError(t field.ErrorType, detail string) *field.Error {
	return &field.Error{Type: t, BadValue: field.OmitValueType{}, Detail: detail}
}

func (r *Reader) refuse(e *field.Error) { r.Errors = append(r.Errors, e) }

func (r *Reader) invalid(at *field.Path, format string, args ...any) {
	r.refuse(field.Invalid(at, field.OmitValueType{}, fmt.Sprintf(format, args...)))
}

// object reads a mapping, without the fields that it refuses.
func (r *Reader) object(n *yaml.Node, s *spec.Schema, at *field.Path) map[string]any {
	out := map[string]any{}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		below, path, known := r.property(key, s, at)
		if !known {
			continue
		}
		if seen[key.Value] {
			r.refuse(&field.Error{Type: field.ErrorTypeDuplicate, Field: path.String(), BadValue: key.Value, Detail: "remove one of the two"})
			continue
		}
		seen[key.Value] = true
		if v, ok := r.value(value, below, path); ok {
			out[key.Value] = v
		}
	}
	return out
}

// property returns the schema and path of the value of a key.
func (r *Reader) property(key *yaml.Node, s *spec.Schema, at *field.Path) (*spec.Schema, *field.Path, bool) {
	if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
		e := RootError(field.ErrorTypeInvalid, "has a merge key (<<) or a key that is not a string: write the fields out")
		if at != nil {
			e.Field = at.String()
		}
		r.refuse(e)
		return nil, nil, false
	}
	if below, ok := factsOf(s).properties[key.Value]; ok {
		return below, at.Child(key.Value), true
	}
	switch more := s.AdditionalProperties; {
	case more != nil && more.Schema != nil:
		path := at.Key(key.Value)
		_, ok := r.str(key, path)
		return more.Schema, path, ok
	case more == nil || more.Allows:
		return nil, nil, false // another program reads it
	}
	r.unknown(key.Value, s, at)
	return nil, nil, false
}

// unknown refuses a field that the schema does not have.
func (r *Reader) unknown(name string, s *spec.Schema, at *field.Path) {
	if fix, suggested, ok := r.replacement(name, s); ok {
		r.refuse(unexpectedField(at.Child(name), fix))
		r.suggested = append(r.suggested, at.Child(suggested).String())
		return
	}
	var fields []string
	for f := range s.Properties {
		fields = append(fields, f)
	}
	slices.Sort(fields)
	if suggested := Nearest(name, fields); suggested != "" {
		r.refuse(unexpectedField(at.Child(name), "did you mean "+suggested+"?"))
		r.suggested = append(r.suggested, at.Child(suggested).String())
		return
	}
	if slices.Contains(fields, "matchLabels") {
		r.refuse(unexpectedField(at.Child(name), "if it is a label, write it in matchLabels, as {matchLabels: {"+name+": …}}"))
		return
	}
	r.refuse(unexpectedField(at.Child(name), "remove it, or use one of "+strings.Join(fields, ", ")))
}

// unexpected begins the detail of an error about an unknown field.
const unexpected = "unexpected field: "

func unexpectedField(at *field.Path, fix string) *field.Error {
	return field.Forbidden(at, unexpected+fix)
}

// Message returns the text of an error without its field. It is that of Kubernetes, such as
// "Invalid value: …", except for unknown fields: "unexpected field: did you mean ports?".
func Message(e *field.Error) string {
	if strings.HasPrefix(e.Detail, unexpected) {
		return e.Detail
	}
	return e.ErrorBody()
}

func (r *Reader) value(n *yaml.Node, s *spec.Schema, at *field.Path) (any, bool) {
	switch {
	case n.Tag == Unsubstituted:
		return nil, false
	case n.Kind == yaml.AliasNode:
		r.invalid(at, "is a YAML alias, which is not supported: write the value out")
		return nil, false
	case IsNull(n):
		r.invalid(at, EmptyValue)
		return nil, false
	case s.Type.Contains("object"):
		if n.Kind != yaml.MappingNode {
			r.invalid(at, "must be a map, not %s%s", kindText(n), mapHint(n, s))
			return nil, false
		}
		return r.object(n, s, at), true
	case s.Type.Contains("array"):
		return r.list(n, s, at)
	case s.Type.Contains("integer") && (len(s.Type) == 1 || isNumber(n)):
		return r.integer(n, at)
	case s.Type.Contains("boolean"):
		return r.boolean(n, at)
	}
	return r.str(n, at)
}

// list reads a sequence. Items that it refuses are nil, so that the indexes stay the same.
func (r *Reader) list(n *yaml.Node, s *spec.Schema, at *field.Path) (any, bool) {
	if n.Kind != yaml.SequenceNode {
		r.invalid(at, "must be a list, not %s: %s", kindText(n), listHint(n, s))
		return nil, false
	}
	out := make([]any, len(n.Content))
	for i, item := range n.Content {
		if v, ok := r.value(item, s.Items.Schema, at.Index(i)); ok {
			out[i] = v
		}
	}
	return out, true
}

// integer reads an int32, the only integer type of the API.
func (r *Reader) integer(n *yaml.Node, at *field.Path) (any, bool) {
	var i int32
	switch {
	case n.Kind == yaml.ScalarNode && (n.ShortTag() == yaml.NodeTagInt || n.Tag == Substituted && IsDigits(n.Value)):
		if decimal, err := strconv.ParseInt(n.Value, 10, 32); err == nil && strconv.FormatInt(decimal, 10) == n.Value {
			return decimal, true
		}
		if yaml.Unmarshal([]byte(n.Value), &i) == nil {
			return int64(i), true
		}
		r.invalid(at, "is too large (%s): write a number of at most 2147483647", n.Value)
	case n.Kind == yaml.ScalarNode && IsDigits(n.Value):
		r.invalid(at, "must be a number: write %s without quotes", n.Value)
	default:
		r.invalid(at, "must be a whole number, not %s", kindText(n))
	}
	return nil, false
}

func (r *Reader) boolean(n *yaml.Node, at *field.Path) (any, bool) {
	var b bool
	if n.Kind == yaml.ScalarNode && (n.ShortTag() == yaml.NodeTagBool || n.Tag == Substituted) && yaml.Unmarshal([]byte(n.Value), &b) == nil {
		return b, true
	}
	r.invalid(at, "must be true or false, without quotes, not %s", kindText(n))
	return nil, false
}

// str reads a string. A number must be in quotes, because YAML parsers change its text.
func (r *Reader) str(n *yaml.Node, at *field.Path) (any, bool) {
	if n.Kind != yaml.ScalarNode {
		r.invalid(at, "must be a string, not %s", kindText(n))
		return nil, false
	}
	switch n.ShortTag() {
	case yaml.NodeTagString, "!!timestamp", Substituted:
		return n.Value, true
	case yaml.NodeTagFloat:
		r.invalid(at, `must be a string: write "%s" in quotes (%s)`, n.Value, floatText(n))
	case yaml.NodeTagInt:
		r.invalid(at, `must be a string: write "%s" in quotes (unquoted %s is %s)`, n.Value, n.Value, numberText(n))
	case yaml.NodeTagBool:
		r.invalid(at, `must be a string: write "%s" in quotes (unquoted %s is a boolean)`, n.Value, n.Value)
	case yaml.NodeTagNull:
		r.invalid(at, `must be a string: write "%s" in quotes`, n.Value)
	default:
		r.invalid(at, "must be a string, not %s", kindText(n))
	}
	return nil, false
}

// IsNull reports whether a node has no value.
func IsNull(n *yaml.Node) bool {
	return n.Kind == 0 || n.Kind == yaml.ScalarNode && n.ShortTag() == yaml.NodeTagNull
}

func isNumber(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.ShortTag() == yaml.NodeTagInt || n.ShortTag() == yaml.NodeTagFloat || n.Tag == Substituted && IsDigits(n.Value))
}

// IsDigits reports whether a text is a whole number.
func IsDigits(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// floatText describes the value of a text that YAML reads as a float. A host may have
// formatted the number before, which removes a trailing zero.
func floatText(n *yaml.Node) string {
	text := fmt.Sprintf("unquoted %s is %s", n.Value, numberText(n))
	if whole, fraction, ok := strings.Cut(n.Value, "."); ok && IsDigits(whole) && len(fraction) == 1 && IsDigits(fraction) {
		text += fmt.Sprintf(`; if you wrote %s0, write "%s0"`, n.Value, n.Value)
	}
	return text
}

// numberText describes the number that YAML reads from n.
func numberText(n *yaml.Node) string {
	var f float64
	if n.Decode(&f) != nil {
		return "a number"
	}
	if s := strconv.FormatFloat(f, 'f', -1, 64); s != n.Value && len(s) <= 2*len(n.Value) {
		return "the number " + s
	}
	return "a number"
}

// kindText describes a value by its YAML kind.
func kindText(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case yaml.NodeTagString, Substituted:
		return fmt.Sprintf("the string %q", n.Value)
	case yaml.NodeTagInt, yaml.NodeTagFloat:
		return "the number " + n.Value
	case yaml.NodeTagBool:
		return "the boolean " + n.Value
	}
	return n.ShortTag()
}
