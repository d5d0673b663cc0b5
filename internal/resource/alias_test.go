package resource

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// nested is a mapping of lists, each with ten aliases of the previous one.
func nested(levels int) string {
	var out strings.Builder
	out.WriteString("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range levels {
		fmt.Fprintf(&out, "l%d: &l%d [%s*l%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*l%d, ", i), 9), i)
	}
	return out.String()
}

func TestReadYAMLExpandsAliases(t *testing.T) {
	t.Parallel()
	nodes, err := ReadYAML([]byte("a: &a {b: 1}\nc: *a\nd: {<<: *a, e: 2}\n---\nkind: List\nitems: []\n"))
	if err != nil || len(nodes) != 2 {
		t.Fatalf("%d documents: %v", len(nodes), err)
	}
	if got, want := nodes[0].MustString(), "a: {b: 1}\nc: {b: 1}\nd: {e: 2, b: 1}\n"; got != want {
		t.Errorf("got\n%s", got)
	}
	if _, err := ReadYAML([]byte(nested(3))); err != nil {
		t.Errorf("ten thousand values: %v", err)
	}
}

func TestReadYAMLRejectsUnexpandableAliases(t *testing.T) {
	t.Parallel()
	cyclic := "is an alias of a value that contains it, so it cannot be expanded: write the value without the alias"
	for name, c := range map[string]struct{ data, want string }{
		"a mapping":                 {"data: &a {b: *a}", "document 1: data.b: " + cyclic},
		"a list":                    {"data: &a [x, *a]", "document 1: data[1]: " + cyclic},
		"the document":              {"&a\nb: {c: *a}", "document 1: b.c: " + cyclic},
		"a key":                     {"data: &a {? *a : b}", "document 1: data.?: " + cyclic},
		"a merge":                   {"data: &a {<<: *a}", "document 1: data.<<: " + cyclic},
		"through another alias":     {"a: &a {b: &b {c: *a}, d: *b}", "document 1: a.b.c: " + cyclic},
		"a later document":          {"a: 1\n---\r\ndata: &a {b: *a}\n", "document 2: data.b: " + cyclic},
		"before invalid YAML":       {"data: &a {b: *a}\n...\n}{\n", "document 1: data.b: " + cyclic},
		"a text":                    {"patch: |\n  data: &a {b: *a}\n", "document 1: patch: contains YAML with aliases that cannot be expanded: document 1: data.b: " + cyclic},
		"too many values":           {nested(8), "expands to more than 1000000 values: write it without aliases"},
		"too many in all documents": {strings.Repeat(nested(4)+"---\n", 20), "document 9: l4"},
	} {
		_, err := ReadYAML([]byte(c.data))
		var refused AliasError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A text that is a single value of YAML is not parsed again and again, and the data of a ConfigMap is not parsed.
func TestAliasesInPlainText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"patch: a && b*", "patch: [\"cp x/* y && z\"]", "a && b*", "'a & *b'",
		"apiVersion: v1\nkind: ConfigMap\ndata:\n  a.yaml: |\n    data: &a {b: *a}\n",
	} {
		if found := UnexpandableAliases([]byte(text)); len(found) > 0 {
			t.Errorf("%s: found %v", text, found)
		}
	}
}
