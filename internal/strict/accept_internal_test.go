package strict

import (
	"encoding/json"
	"testing"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
)

const sampleSchema = `{"$id":"https://example.com/a.json","title":"a","type":"object","required":["name"],"minProperties":1,"properties":{
"name":{"type":"string","minLength":2,"description":"b"},"mode":{"type":"string","enum":["On","Off"]},"port":{"type":"integer","minimum":1,"maximum":9},
"either":{"type":["integer","string"]},"on":{"type":"boolean"},"labels":{"type":"object","minProperties":1,"additionalProperties":{"type":"string","minLength":1}},
"list":{"type":"array","minItems":1,"items":{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}}}}`

// acceptedBy returns what accepts decides, and what the library does, about a value in JSON.
func acceptedBy(t *testing.T, schema, text string) (accepted, valid bool) {
	t.Helper()
	s := new(spec.Schema)
	var value map[string]any
	if json.Unmarshal([]byte(schema), s) != nil || json.Unmarshal([]byte(text), &value) != nil || value == nil {
		t.Skip("no schema or no object")
	}
	whole, _ := withIntegers(value).(map[string]any)
	return accepts(s, whole), len(validate.NewSchemaValidator(s, nil, "", strfmt.Default).Validate(whole).Errors) == 0
}

// withIntegers makes whole numbers the integers that the reader returns.
func withIntegers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = withIntegers(v[key])
		}
	case []any:
		for i := range v {
			v[i] = withIntegers(v[i])
		}
	case float64:
		if i := int64(v); float64(i) == v {
			return i
		}
	}
	return value
}

func TestAcceptsWhatIsValid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"name":"ab","mode":"On","port":9,"either":1,"on":true,"labels":{"a":"b"},"list":[{"a":"b"}]}`: true,
		`{"name":"éé","either":"a"}`: true, `{}`: false, `{"mode":"On"}`: false, `{"name":"a"}`: false, `{"name":"é"}`: false, `{"name":"ab","mode":"on"}`: false,
		`{"name":"ab","port":0}`: false, `{"name":"ab","port":10}`: false, `{"name":"ab","labels":{}}`: false, `{"name":"ab","labels":{"a":""}}`: false,
		`{"name":"ab","list":[]}`: false, `{"name":"ab","list":[{}]}`: false, `{"name":"ab","list":[null]}`: false, `{"name":1}`: false, `{"name":"ab","on":"true"}`: false,
	} {
		if accepted, valid := acceptedBy(t, sampleSchema, text); accepted != want || valid != want {
			t.Errorf("%s: accepted: %t, valid: %t, want %t", text, accepted, valid, want)
		}
	}
	for _, keyword := range []string{`"maxLength":1`, `"pattern":"^b"`, `"not":{}`, `"allOf":[{"enum":["b"]}]`, `"format":"date"`} {
		schema := `{"type":"object","properties":{"a":{"type":"string",` + keyword + `}}}`
		if accepted, _ := acceptedBy(t, schema, `{"a":"aa"}`); accepted {
			t.Errorf("%s is not known, but its value is accepted", keyword)
		}
	}
}

// FuzzAccepts looks for values that the library refuses and accepts does not.
func FuzzAccepts(f *testing.F) {
	for _, text := range []string{`{"name":"ab","mode":"On","port":9,"either":1,"labels":{"a":"b"},"list":[{"a":"b"}]}`, `{"name":"é","port":1.5,"list":[null]}`} {
		f.Add(sampleSchema, text)
	}
	f.Fuzz(func(t *testing.T, schema, text string) {
		if accepted, valid := acceptedBy(t, schema, text); accepted && !valid {
			t.Errorf("%s is accepted, but not valid by %s", text, schema)
		}
	})
}
