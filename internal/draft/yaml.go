package draft

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
)

// File is a file of the fence.
type File struct {
	// Path is relative to the fence's folder, with slashes.
	Path    string
	Content []byte
}

// Files are the files of a draft. base is the path of the existing kustomization, from the fence's folder.
func (d *Draft) Files(name, base string) ([]File, error) {
	var out []File
	resources := []string{base}
	add := func(path string, content []byte, err error) error {
		out = append(out, File{Path: path, Content: content})
		return err
	}
	profile, err := document(d.Profile, d.ProfileComments)
	if err := add("profile.yaml", profile, err); err != nil {
		return nil, err
	}
	external, err := document(externalResources(name, append([]string{d.Unknown}, d.Namespaces...)), map[string][]string{"spec.namespaces[0]": {"Represents all namespaces without a Tenant: flows.yaml tests that its pods reach no Tenant."}})
	if err := add("external-resources.yaml", external, err); err != nil {
		return nil, err
	}
	for _, t := range d.Tenants {
		content, err := document(t.Tenant, t.comments())
		if err := add("tenants/"+t.Name+".yaml", content, err); err != nil {
			return nil, err
		}
	}
	if len(d.Tests.Spec.Cases) > 0 {
		tests, err := document(d.Tests, nil)
		if err := add("flows.yaml", tests, err); err != nil {
			return nil, err
		}
	}
	for _, f := range out {
		resources = append(resources, f.Path)
	}
	out = append(out, File{"fence.yaml", fence(name)}, File{"kustomization.yaml", kustomization(resources)})
	slices.SortFunc(out, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	return out, nil
}

// comments are the evidence of each flow.
func (t Tenant) comments() map[string][]string {
	out := map[string][]string{}
	for i, f := range t.Spec.Ingress {
		out[fmt.Sprintf("spec.ingress[%d]", i)] = t.Evidence[f.Name]
	}
	for i, f := range t.Spec.Egress {
		out[fmt.Sprintf("spec.egress[%d]", i)] = t.Evidence[f.Name]
	}
	return out
}

// document is a resource as YAML, in the order of its type, with comments above its fields by path.
func document(v any, comments map[string][]string) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write the fence: %w", err)
	}
	n, err := yaml.Parse(string(data))
	if err != nil {
		return nil, fmt.Errorf("write the fence: %w", err)
	}
	arrange(n.YNode(), "", comments)
	text, err := n.String()
	if err != nil {
		return nil, fmt.Errorf("write the fence: %w", err)
	}
	return []byte(text), nil
}

// ambiguousWords are booleans in YAML 1.1.
var ambiguousWords = newPattern(`(?i)^(y|n|yes|no|on|off)$`)

// arrange gives a node block style and its comments, and drops what is empty.
func arrange(n *yaml.Node, path string, comments map[string][]string) {
	switch n.Kind {
	case yaml.MappingNode:
		n.Style = 0
		var content []*yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			at := strings.TrimPrefix(path+"."+key.Value, ".")
			arrange(value, at, comments)
			if value.Tag == yaml.NodeTagNull || value.Kind == yaml.MappingNode && len(value.Content) == 0 && key.Value != "spec" {
				continue
			}
			plain(key)
			key.HeadComment = commentText(comments[at])
			if key.Value == "apiVersion" {
				content = slices.Insert(content, 0, key, value)
				continue
			}
			content = append(content, key, value)
		}
		n.Content = content
	case yaml.SequenceNode:
		n.Style = 0
		for i, c := range n.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			arrange(c, at, comments)
			c.HeadComment = commentText(comments[at])
		}
	case yaml.ScalarNode:
		plain(n)
	}
}

// plain writes a scalar without quotes, unless YAML needs them.
func plain(n *yaml.Node) {
	n.Style = 0
	if n.Tag == yaml.NodeTagString && ambiguousWords.MatchString(n.Value) {
		n.Style = yaml.DoubleQuotedStyle
	}
}

func commentText(lines []string) string {
	var out []string
	for _, l := range lines {
		printable := strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return ' '
			}
			return r
		}, l)
		out = append(out, "# "+printable)
	}
	return strings.Join(out, "\n")
}

func fence(name string) []byte {
	return []byte("apiVersion: " + v1alpha1.APIVersion + `
kind: ` + v1alpha1.KindTenantFence + `
metadata:
  name: ` + scalar(name) + `
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: tenantfence
`)
}

func kustomization(resources []string) []byte {
	var out strings.Builder
	out.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n")
	for _, r := range resources {
		out.WriteString("- " + scalar(r) + "\n")
	}
	out.WriteString("transformers:\n- fence.yaml\n")
	return []byte(out.String())
}

// scalar is a text as a scalar of YAML, with quotes if it needs them.
func scalar(text string) string {
	n := yaml.NewStringRNode(text)
	plain(n.YNode())
	out, err := n.String()
	if err != nil {
		return strconv.Quote(text)
	}
	return strings.TrimSuffix(out, "\n")
}

// externalResources declares namespaces that something else creates. The first one represents those without a Tenant.
// Its name differs from the one that an import has in a folder of the same name.
func externalResources(name string, names []string) v1alpha1.ExternalResources {
	out := v1alpha1.ExternalResources{TypeMeta: typeMeta(v1alpha1.KindExternalResources)}
	out.Name = name + "-fence"
	for _, namespace := range names {
		out.Spec.Namespaces = append(out.Spec.Namespaces, v1alpha1.ExternalNamespace{Name: namespace})
	}
	return out
}
