package external

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// YAML returns what Import accepts as a document, with its fields in the order of the reference.
func YAML(name string, spec v1alpha1.ExternalResourcesSpec) ([]byte, error) {
	out, err := document(name, spec)
	if err != nil {
		return nil, fmt.Errorf("write the %s: %w", v1alpha1.KindExternalResources, err)
	}
	return []byte(out), nil
}

func document(name string, spec v1alpha1.ExternalResourcesSpec) (string, error) {
	root := mapping(
		pair{"apiVersion", text(v1alpha1.APIVersion)}, pair{"kind", text(v1alpha1.KindExternalResources)},
		pair{"metadata", mapping(pair{"name", text(name)})}, pair{"spec", nodeOf(reflect.ValueOf(spec))},
	)
	return yaml.NewRNode(root).String()
}

// refusals decodes a document as a build does.
func refusals(text string) field.ErrorList {
	n, err := yaml.Parse(text)
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	_, errs := v1alpha1.Decode[v1alpha1.ExternalResources](n, nil)
	return errs
}

type pair struct {
	key   string
	value *yaml.Node
}

func mapping(fields ...pair) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fields {
		out.Content = append(out.Content, text(f.key), f.value)
	}
	return out
}

// text has quotes where YAML 1.1 reads another value, as in y and 0x1f.
func text(value string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: value}
	if yaml.IsValueNonString(value) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// nodeOf converts a value of the API. It omits fields without a value.
func nodeOf(v reflect.Value) *yaml.Node {
	switch v.Kind() {
	case reflect.Pointer:
		if port, ok := v.Interface().(*intstr.IntOrString); ok {
			return portNode(*port)
		}
		return nodeOf(v.Elem())
	case reflect.String:
		return text(v.String())
	case reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagBool, Value: strconv.FormatBool(v.Bool())}
	case reflect.Int32:
		return number(v.Int())
	case reflect.Map:
		return mapNode(v)
	case reflect.Slice:
		out := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			out.Content = append(out.Content, nodeOf(v.Index(i)))
		}
		return inLine(out)
	default:
		return structNode(v)
	}
}

func number(n int64) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagInt, Value: strconv.FormatInt(n, 10)}
}

func portNode(p intstr.IntOrString) *yaml.Node {
	if p.Type == intstr.String {
		return text(p.StrVal)
	}
	return number(int64(p.IntVal))
}

func mapNode(v reflect.Value) *yaml.Node {
	values, _ := v.Interface().(map[string]string)
	out := mapping()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		out.Content = append(out.Content, text(key), text(values[key]))
	}
	return inLine(out)
}

func structNode(v reflect.Value) *yaml.Node {
	out := mapping()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		field := v.Field(i)
		if field.IsZero() {
			continue
		}
		value := nodeOf(field)
		if slices.Contains(blocks, name) {
			value.Style = 0
		}
		out.Content = append(out.Content, text(name), value)
	}
	return inLine(out)
}

func hasKey(n *yaml.Node, key string) bool {
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

// maxLine is the greatest length of a mapping or list in one line.
const maxLine = 100

// blocks are the lists with one line, or more, for each entry.
var blocks = []string{"namespaces", "workloads", "services", "nodes"}

// inLine writes a short mapping or list in one line, as {name: dns, port: 53}.
func inLine(n *yaml.Node) *yaml.Node {
	if length, ok := lineLength(n); ok && length <= maxLine {
		n.Style = yaml.FlowStyle
	}
	return n
}

// lineLength returns the length in one line, and reports false for a value with blocks.
func lineLength(n *yaml.Node) (int, bool) {
	if n.Kind == yaml.ScalarNode {
		return len(n.Value) + len(", "), true
	}
	if slices.ContainsFunc(blocks, func(key string) bool { return hasKey(n, key) }) {
		return 0, false
	}
	total := len("{}")
	for _, c := range n.Content {
		length, ok := lineLength(c)
		if !ok {
			return 0, false
		}
		total += length
	}
	return total, true
}
