package block_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/block"
)

// kyamlText is a node as kyaml writes it.
func kyamlText(t *testing.T, n *yaml.Node) string {
	t.Helper()
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	if err := e.Encode(n); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// texts are values that need care: words, numbers, quotes, spaces, breaks and other characters.
var texts = []string{
	"", " ", "a", "A-b_c/d.e", "yes", "No", "on", "y", "null", "Null", "~", "true", "FALSE", "nan", ".nan", ".inf", "inf", "0", "00", "08", "1_0", "1e3", "0x1f", "0o7", "1:2", "12:30:45",
	"2001-01-01", "2001-01-01T00:00:00Z", "=", "<<", "-", "- a", "-a", "--- a", "...", "a: b", "a:", ":a", "a #b", "#a", "a#b", "*a", "&a", "!a", "|a", ">", "%a", "@a", "`a", "{a}", "[a", "a,b", "'a'", "a'b",
	`"a"`, `a"b`, `a\b`, "a b", " a", "a ", "a  b", "a\tb", "a\nb", "a\nb\n", "a\nb\n\n", "\na", "a\n\nb", " a\nb", "a\n b", "a \nb", "a\n\tb", "\n", "é", "a\nñ", "\u0085", "\u2028", "\ufeff", "\x00", "\x7f", "a\r\nb", "日本",
	"9007199254740993", "123456789", "1234567890", "-1", "+1", "1.5", "65535", "*.example.com", "**.example.com", "10.0.0.0/8", "1/2", "1./2", "./2", "1/", "0/0", "1.5/3/4", "a/1", "Tenant/t1 spec.egress[llm]", "a [b]", "a]", "a -b", "a - b", "a  b", "on off", "null ", "e1 5", "a ? b", "A.5", "::/0", "k8s:app", strings.Repeat("a", 70), strings.Repeat("a b ", 60),
}

func TestFromMapIsKyamls(t *testing.T) {
	t.Parallel()
	values := []any{nil, true, false, 0.0, 1.0, -1.0, 8080.0, 65535.0, 1e6, 2147483647.0, 1e21, 0.5, int64(0), int64(443), int64(-1), []any{map[string]any{"c": []any{[]any{"d"}}}}, map[string]any{}, []any{}, []any{[]any{1.0, "a"}, map[string]any{"b": []any{}}}}
	values = append(values, map[string]any{"": 1.0}, map[string]any{}, map[string]any{"a": 1.0, "b": 1.0}, map[string]any{"a\x00b": 1.0})
	keys := map[string]any{"a10": 1.0, "a9": 1.0, "A": 1.0, "b-1": 1.0, "b.1": 1.0, "b/1": 1.0, "1": 1.0, "01": 1.0, "": 1.0, "yes": 1.0, "a b": 1.0}
	values = append(values, keys)
	for _, text := range texts {
		values = append(values, text)
	}
	for _, v := range values {
		m := map[string]any{"value": v, "list": []any{v, map[string]any{"z": v, "a": v}}}
		want, err := yaml.FromMap(m)
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		got, err := block.FromMap(m)
		if err != nil {
			t.Errorf("%v: %v", v, err)
			continue
		}
		if a, b := kyamlText(t, got), want.MustString(); a != b {
			t.Errorf("%v: got\n%s\nwant\n%s", v, a, b)
		}
		sameNode := func(a, b yaml.Node) bool {
			return a.Kind == b.Kind && a.Style == b.Style && a.Tag == b.Tag && a.Value == b.Value
		}
		if !slices.EqualFunc(allNodes(got), allNodes(want.YNode()), sameNode) {
			t.Errorf("%v: the nodes are not kyaml's", v)
		}
		checkText(t, got)
		text, known := block.List([]byte("before\n"), []*yaml.Node{got})
		if item, err := block.Item([]byte("before\n"), m); err != nil || !known || string(item) != string(text) {
			t.Errorf("%v: %v, got the item\n%s\nwant\n%s", v, err, item, text)
		}
	}
}

// allNodes returns a node and everything below it, in order.
func allNodes(n *yaml.Node) []yaml.Node {
	out := []yaml.Node{*n}
	for _, c := range n.Content {
		out = append(out, allNodes(c)...)
	}
	return out
}

// checkText compares what the package writes with what kyaml does.
func checkText(t *testing.T, n *yaml.Node) (written bool) {
	t.Helper()
	if got, ok := block.Append(nil, n); ok {
		written = true
		if want := kyamlText(t, n); string(got) != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	items := []*yaml.Node{n, n}
	if got, ok := block.List(nil, items); ok {
		if want := kyamlText(t, &yaml.Node{Kind: yaml.SequenceNode, Content: items}); string(got) != want {
			t.Errorf("as items: got\n%s\nwant\n%s", got, want)
		}
	}
	if got, ok := block.Field(nil, "field", n); ok {
		field := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "field"}, n}}
		if want := kyamlText(t, field); string(got) != want {
			t.Errorf("as a field: got\n%s\nwant\n%s", got, want)
		}
	}
	return written
}

// Each text is written in each style, as a value, an item and a key.
func TestTextsAreKyamls(t *testing.T) {
	t.Parallel()
	for _, text := range texts {
		for _, style := range []yaml.Style{0, yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle, yaml.LiteralStyle, yaml.FoldedStyle, yaml.FlowStyle, yaml.TaggedStyle} {
			for _, tag := range []string{"", yaml.NodeTagString, yaml.NodeTagInt, yaml.NodeTagNull, yaml.NodeTagBool, yaml.NodeTagFloat} {
				scalar := func() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Style: style, Value: text} }
				key := &yaml.Node{Kind: yaml.ScalarNode, Value: "k"}
				for _, n := range []*yaml.Node{
					{Kind: yaml.MappingNode, Content: []*yaml.Node{key, scalar()}},
					{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar(), key}},
					{Kind: yaml.MappingNode, Content: []*yaml.Node{key, {Kind: yaml.SequenceNode, Content: []*yaml.Node{scalar(), {Kind: yaml.SequenceNode, Content: []*yaml.Node{scalar()}}}}}},
				} {
					checkText(t, n)
				}
			}
		}
	}
}

// What a generated policy contains is written without kyaml.
func TestPoliciesAreWritten(t *testing.T) {
	t.Parallel()
	n := yaml.MustParse(`apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: egress
  namespace: tenant-acme
  annotations:
    tenantfence.dev/for: |-
      Tenant/acme spec.egress[a]
      Tenant/acme spec.egress[b]
spec:
  endpointSelector: {}
  egress:
  - toFQDNs:
    - matchPattern: '*.example.com'
    toPorts:
    - ports:
      - port: "443"
        protocol: TCP
  - {}
`)
	if !checkText(t, n.YNode()) {
		t.Error("the policy is not written")
	}
}

// Values are written as the JSON of kyaml, also where they have several notations.
func TestJSONIsKyamls(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"1", "007", "0x1F", "1.0", "1e3", "9007199254740993", "true", "yes", "on", "~", "null", "2001-01-01", "'1'", "'yes'", "!!str 1", "!!int '1'", "[]", "{}", "[1, a, null, true]", "{b: 1, a10: 2, a2: 3}",
		"{1: a}", "{true: a}", "{'1': a}", "&x [a]", "[&x a, *x]", "{<<: {a: b}, c: d}", "\"a\\nb\"", "\"<>&\"", "\"\\u2028\"", "日本", "|\n  a\n  b\n", "|\n  a\n\n    b\n  c", "|-\n  #!/bin/sh\n  if a; then\n    b: c\n\n\n  fi\n", "'a\n\n    b'", "\"a\\n  b\"", "|2\n    a\n", "|+\n  a\n\n", "|\n  a \n  b\n", ">\n  a\n  b\n", "a # c", "\"a\\tb\"",
	} {
		n, err := yaml.Parse("a: " + text + "\nb:\n- c: " + strings.ReplaceAll(text, "\n", "\n  ") + "\n")
		if err != nil {
			continue
		}
		want, wantErr := n.MarshalJSON()
		got, err := block.JSON(n)
		if string(got) != string(want) || (err == nil) != (wantErr == nil) {
			t.Errorf("%s: got %s, %v, want %s, %v", text, got, err, want, wantErr)
		}
	}
}

func FuzzAppend(f *testing.F) {
	for _, text := range texts {
		data, err := json.Marshal(map[string]any{"a": text, "b": []any{text, map[string]any{"c": text, "d": []any{}}}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
		f.Add("a:\n  b: " + text + "\n  c:\n  - " + text + "\n  -   d: |\n       x\n\n        y\n")
	}
	f.Add("a: # c\n- b\n# d\n- c\n")
	f.Add("a: &x {b: c}\nd: *x\ne: !!str 1\nf: ? g\n")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := yaml.Parse(text)
		if err != nil || n.YNode().Kind != yaml.MappingNode {
			return
		}
		checkText(t, n.YNode())
		want, wantErr := n.MarshalJSON()
		if got, err := block.JSON(n); string(got) != string(want) || (err == nil) != (wantErr == nil) {
			t.Errorf("as JSON: got %s, %v, want %s, %v", got, err, want, wantErr)
		}
	})
}
