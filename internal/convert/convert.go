// Package convert turns NetworkPolicies into CiliumNetworkPolicies that say the same to
// Cilium. It works on the YAML itself, so that comments, key order and style stay with
// the rules and ports that they belong to.
package convert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// Text is a YAML text, converted.
type Text struct {
	Documents []Document
	// Policies are those that were converted, and Others the resources that are none.
	Policies []Policy
	Others   []*yaml.RNode
	// Findings say what is not converted, and what must be known of what is.
	Findings report.Findings
}

// Document is one of a text, with the line that separates it from the one before. One that
// holds no NetworkPolicy is as it was, byte for byte.
type Document struct {
	Text []byte
	// IsResource says whether it is one, or a list of them.
	IsResource bool
}

// Policy is a NetworkPolicy before, and the CiliumNetworkPolicy that it became.
type Policy struct {
	// Ref names the NetworkPolicy.
	Ref           report.Ref
	Before, After *yaml.RNode
}

// Convert converts the NetworkPolicies in a YAML text. File is how findings call it. An
// error says that it cannot be read.
func Convert(file string, data []byte) (Text, error) {
	var t Text
	for i, rawDocument := range split(data) {
		d, err := t.convert(rawDocument, report.Ref{File: file, Index: i})
		if err != nil {
			where := file
			if where == "" {
				where = "the input"
			}
			return Text{}, fmt.Errorf("%s: document %d %w", where, i+1, err)
		}
		t.Documents = append(t.Documents, d)
	}
	return t, nil
}

// Bytes is the whole text.
func (t Text) Bytes() []byte {
	var out []byte
	for _, d := range t.Documents {
		out = append(out, d.Text...)
	}
	return out
}

func (t *Text) convert(p rawDocument, at report.Ref) (Document, error) {
	root, err := p.parse()
	if err != nil || root == nil {
		return Document{Text: p.text()}, err
	}
	document := Document{Text: p.text(), IsResource: isResource(root.Content[0])}
	if cyclic := resource.UnexpandableAliases(p.lines()); document.IsResource && len(cyclic) > 0 {
		return Document{}, aliasError(cyclic[0])
	}
	found, converted := 0, 0
	for _, n := range resourcesIn(root.Content[0]) {
		if !isNetworkPolicy(n) {
			t.addOther(n, at)
			continue
		}
		found++
		if isTemplate(n) {
			return Document{}, errTemplate
		}
		if t.policy(n, at) {
			converted++
		}
	}
	if converted == 0 || converted < found {
		return document, nil
	}
	document.Text, err = p.print(root)
	return document, err
}

// aliasError goes on after "document 1".
func aliasError(f report.Finding) error {
	return fmt.Errorf("cannot be read: %s: %s", f.Field, f.Message)
}

// addOther keeps a resource that is no NetworkPolicy for the proof. A template is none yet, and
// stays as it is, as does what is malformed and of a kind that is never read.
func (t *Text) addOther(n *yaml.Node, at report.Ref) {
	if !isResource(n) {
		return
	}
	item := yaml.NewRNode(n).Copy()
	known, malformed := resource.Readable([]*yaml.RNode{item})
	if len(malformed) > 0 && isTemplate(n) {
		return
	}
	t.Others = append(t.Others, known...)
	t.malformed(malformed, at)
}

// malformed adds findings with the file and document.
func (t *Text) malformed(found report.Findings, at report.Ref) {
	for _, f := range found {
		f.Resource.File, f.Resource.Index = at.File, at.Index
		t.Findings = append(t.Findings, f)
	}
}

// policy converts one policy in place, and says whether it did.
func (t *Text) policy(n *yaml.Node, at report.Ref) bool {
	before := yaml.NewRNode(n).Copy()
	if found := resource.MalformedItems([]*yaml.RNode{before}); len(found) > 0 && text(n, "kind") == resource.KindKubernetes {
		t.malformed(found, at)
		return false
	}
	metadata := value(n, "metadata")
	ref := report.Ref{APIVersion: text(n, "apiVersion"), Kind: text(n, "kind"), Namespace: text(metadata, "namespace"), Name: text(metadata, "name"), File: at.File, Index: at.Index}
	s, refused := read(before)
	for _, f := range slices.Concat(refused, ignoredRules(s)) {
		f.Resource = ref
		t.Findings = append(t.Findings, f)
	}
	if len(refused) > 0 {
		return false
	}
	rewrite(n)
	t.Policies = append(t.Policies, Policy{Ref: ref, Before: before, After: yaml.NewRNode(n)})
	return true
}

// resourcesIn are the resources in a list, as kubectl writes it, and in lists within it, or
// the one that is none.
func resourcesIn(n *yaml.Node) []*yaml.Node {
	items := value(n, "items")
	if items == nil || items.Kind != yaml.SequenceNode || !strings.HasSuffix(text(n, "kind"), "List") || isNetworkPolicy(n) {
		return []*yaml.Node{n}
	}
	var out []*yaml.Node
	for _, item := range items.Content {
		out = append(out, resourcesIn(item)...)
	}
	return out
}

func isResource(n *yaml.Node) bool { return text(n, "apiVersion") != "" && text(n, "kind") != "" }

// isNetworkPolicy says whether it is one of Kubernetes', of whichever version, or a list
// that can hold nothing else.
func isNetworkPolicy(n *yaml.Node) bool {
	group, _, _ := strings.Cut(text(n, "apiVersion"), "/")
	return (group == "networking.k8s.io" || group == "extensions") && strings.HasPrefix(text(n, "kind"), "NetworkPolicy")
}
