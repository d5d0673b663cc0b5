package v1alpha1

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const emptyValue = "is empty: set a value, or remove the field"

// reader converts YAML to the value that its schema describes, and collects errors. It reads
// YAML nodes, because only they show duplicate keys and the original text of a number.
type reader struct {
	errs field.ErrorList
	// reported are the fields that have an error.
	reported []string
	// suggested are the fields that misspelt ones likely refer to. They are not reported as
	// missing.
	suggested []string
}

func (r *reader) refuse(e *field.Error) {
	r.errs = append(r.errs, e)
	r.reported = append(r.reported, e.Field)
}

func (r *reader) invalid(at *field.Path, format string, args ...any) {
	r.refuse(field.Invalid(at, field.OmitValueType{}, fmt.Sprintf(format, args...)))
}

// object reads a mapping, without the fields that it refuses.
func (r *reader) object(n *yaml.Node, s *spec.Schema, at *field.Path) map[string]any {
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
func (r *reader) property(key *yaml.Node, s *spec.Schema, at *field.Path) (*spec.Schema, *field.Path, bool) {
	if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
		e := rootError(field.ErrorTypeInvalid, "has a merge key (<<) or a key that is not a string: write the fields out")
		if at != nil {
			e.Field = at.String()
		}
		r.refuse(e)
		return nil, nil, false
	}
	if below, ok := s.Properties[key.Value]; ok {
		return &below, at.Child(key.Value), true
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
func (r *reader) unknown(name string, s *spec.Schema, at *field.Path) {
	if fix, suggested, ok := replacement(name, s); ok {
		r.refuse(unexpectedField(at.Child(name), fix))
		r.suggested = append(r.suggested, at.Child(suggested).String())
		return
	}
	var fields []string
	for f := range s.Properties {
		fields = append(fields, f)
	}
	slices.Sort(fields)
	if suggested, ok := Nearest(name, fields); ok {
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

func (r *reader) value(n *yaml.Node, s *spec.Schema, at *field.Path) (any, bool) {
	switch {
	case n.Tag == unsubstituted:
		return nil, false
	case n.Kind == yaml.AliasNode:
		r.invalid(at, "is a YAML alias, which is not supported: write the value out")
		return nil, false
	case isNull(n):
		r.invalid(at, emptyValue)
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
func (r *reader) list(n *yaml.Node, s *spec.Schema, at *field.Path) (any, bool) {
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
func (r *reader) integer(n *yaml.Node, at *field.Path) (any, bool) {
	var i int32
	switch {
	case n.Kind == yaml.ScalarNode && (n.ShortTag() == yaml.NodeTagInt || n.Tag == substituted && isDigits(n.Value)):
		if yaml.Unmarshal([]byte(n.Value), &i) == nil {
			return int64(i), true
		}
		r.invalid(at, "is too large (%s): write a number of at most 2147483647", n.Value)
	case n.Kind == yaml.ScalarNode && isDigits(n.Value):
		r.invalid(at, "must be a number: write %s without quotes", n.Value)
	default:
		r.invalid(at, "must be a whole number, not %s", kindText(n))
	}
	return nil, false
}

func (r *reader) boolean(n *yaml.Node, at *field.Path) (any, bool) {
	var b bool
	if n.Kind == yaml.ScalarNode && (n.ShortTag() == yaml.NodeTagBool || n.Tag == substituted) && yaml.Unmarshal([]byte(n.Value), &b) == nil {
		return b, true
	}
	r.invalid(at, "must be true or false, without quotes, not %s", kindText(n))
	return nil, false
}

// str reads a string. A number must be in quotes, because YAML parsers change its text.
func (r *reader) str(n *yaml.Node, at *field.Path) (any, bool) {
	if n.Kind != yaml.ScalarNode {
		r.invalid(at, "must be a string, not %s", kindText(n))
		return nil, false
	}
	switch n.ShortTag() {
	case yaml.NodeTagString, "!!timestamp", substituted:
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

func isNull(n *yaml.Node) bool {
	return n.Kind == 0 || n.Kind == yaml.ScalarNode && n.ShortTag() == yaml.NodeTagNull
}

func isNumber(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.ShortTag() == yaml.NodeTagInt || n.ShortTag() == yaml.NodeTagFloat || n.Tag == substituted && isDigits(n.Value))
}

func isDigits(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// floatText describes the value of a text that YAML reads as a float. A host may have
// formatted the number before, which removes a trailing zero.
func floatText(n *yaml.Node) string {
	text := fmt.Sprintf("unquoted %s is %s", n.Value, numberText(n))
	if whole, fraction, ok := strings.Cut(n.Value, "."); ok && isDigits(whole) && len(fraction) == 1 && isDigits(fraction) {
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
	case yaml.NodeTagString, substituted:
		return fmt.Sprintf("the string %q", n.Value)
	case yaml.NodeTagInt, yaml.NodeTagFloat:
		return "the number " + n.Value
	case yaml.NodeTagBool:
		return "the boolean " + n.Value
	}
	return n.ShortTag()
}
