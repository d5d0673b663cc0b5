package strict

import (
	"reflect"
	"slices"
	"sync"
	"unicode/utf8"

	"k8s.io/kube-openapi/pkg/validation/spec"
)

// facts are what the reader asks of a schema for each value. The library copies a schema for each question.
type facts struct {
	properties map[string]*spec.Schema
	// complete reports that accepts knows every constraint of the schema.
	complete bool
}

// known has the facts about each schema.
var known sync.Map

func factsOf(s *spec.Schema) *facts {
	if have, ok := known.Load(s); ok {
		return have.(*facts) //nolint:forcetypeassert,errcheck // It has only facts.
	}
	f := &facts{properties: make(map[string]*spec.Schema, len(s.Properties))}
	for name, p := range s.Properties {
		f.properties[name] = &p
	}
	rest := *s
	rest.ID, rest.Schema, rest.Title, rest.Description, rest.Type, rest.Enum, rest.Properties, rest.AdditionalProperties = "", "", "", "", nil, nil, nil, nil
	rest.Items, rest.Required, rest.MinItems, rest.MinLength, rest.MinProperties, rest.Minimum, rest.Maximum = nil, nil, nil, nil, nil, nil, nil
	// The library ignores keywords that it does not know, too.
	rest.ExtraProps, rest.Extensions = nil, nil
	f.complete = reflect.DeepEqual(rest, spec.Schema{}) && (s.Items == nil || s.Items.Schema != nil)
	have, _ := known.LoadOrStore(s, f)
	return have.(*facts) //nolint:forcetypeassert,errcheck // It has only facts.
}

// accepts reports whether a value is certainly valid. It is false for constraints that it does not know, so
// that the schema library decides.
func accepts(s *spec.Schema, value any) bool {
	f := factsOf(s)
	if !f.complete || !isListed(s.Enum, value) {
		return false
	}
	switch v := value.(type) {
	case map[string]any:
		return s.Type.Contains("object") && f.acceptsObject(s, v)
	case []any:
		return s.Type.Contains("array") && acceptsList(s, v)
	case string:
		return s.Type.Contains("string") && atLeast(utf8.RuneCountInString(v), s.MinLength)
	case int64:
		return s.Type.Contains("integer") && isWithin(float64(v), s.Minimum, s.Maximum)
	case bool:
		return s.Type.Contains("boolean")
	}
	return false
}

func acceptsList(s *spec.Schema, list []any) bool {
	return s.Items != nil && atLeast(len(list), s.MinItems) && !slices.ContainsFunc(list, func(item any) bool { return !accepts(s.Items.Schema, item) })
}

func (f *facts) acceptsObject(s *spec.Schema, object map[string]any) bool {
	if !atLeast(len(object), s.MinProperties) {
		return false
	}
	for _, name := range s.Required {
		if _, has := object[name]; !has {
			return false
		}
	}
	for name, value := range object {
		below := f.properties[name]
		if below == nil && s.AdditionalProperties != nil {
			below = s.AdditionalProperties.Schema
		}
		if below == nil || !accepts(below, value) {
			return false
		}
	}
	return true
}

func atLeast(n int, least *int64) bool { return least == nil || int64(n) >= *least }

func isWithin(n float64, least, most *float64) bool {
	return (least == nil || n >= *least) && (most == nil || n <= *most)
}

// isListed reports whether a value is one of some texts, or nothing restricts it.
func isListed(texts []any, value any) bool {
	text, isText := value.(string)
	return len(texts) == 0 || isText && slices.ContainsFunc(texts, func(e any) bool { return e == any(text) })
}
