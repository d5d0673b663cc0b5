package external

import (
	"encoding/json"
	"fmt"
	"slices"

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
	data, err := json.Marshal(spec)
	if err != nil {
		return "", err
	}
	n, err := yaml.Parse(string(data))
	if err != nil {
		return "", err
	}
	return yaml.NewRNode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		text("apiVersion"), text(v1alpha1.APIVersion), text("kind"), text(v1alpha1.KindExternalResources),
		text("metadata"), {Kind: yaml.MappingNode, Content: []*yaml.Node{text("name"), text(name)}}, text("spec"), arrange("spec", n.YNode()),
	}}).String()
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

// text has quotes where YAML 1.1 reads another value, as in y and 0x1f.
func text(value string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: value}
	if yaml.IsValueNonString(value) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// arrange gives the value of a field its style: a block, or one line. It omits what is null.
func arrange(field string, n *yaml.Node) *yaml.Node {
	var content []*yaml.Node
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == yaml.NodeTagString {
			return text(n.Value)
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			content = append(content, arrange("", c))
		}
	default:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key, value := n.Content[i], n.Content[i+1]; value.Tag != yaml.NodeTagNull {
				content = append(content, text(key.Value), arrange(key.Value, value))
			}
		}
	}
	n.Style, n.Content = 0, content
	if length, ok := lineLength(n); ok && length <= maxLine && !slices.Contains(blocks, field) && n.Kind != yaml.ScalarNode {
		n.Style = yaml.FlowStyle
	}
	return n
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
