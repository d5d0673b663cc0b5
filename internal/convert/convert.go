// Package convert turns NetworkPolicies into CiliumNetworkPolicies with the same effect in
// Cilium. It edits the YAML nodes: comments, key order and style stay with the rules and
// ports that they belong to.
package convert

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/report"
	"github.com/tenantfence/tenantfence/internal/resource"
)

// Text is a converted YAML text.
type Text struct {
	Documents []Document
	// Policies are the converted policies. Others are the resources of other kinds.
	Policies []Policy
	Others   []*yaml.RNode
	// Findings list the policies that are not converted, and warnings about converted ones.
	Findings report.Findings
}

// Document is one document of a text, with its separator line. A document without a
// NetworkPolicy stays unchanged, byte for byte.
type Document struct {
	Text []byte
	// IsResource reports whether the document is a resource or a list of resources.
	IsResource bool
}

// Policy is a NetworkPolicy and the CiliumNetworkPolicy that replaces it.
type Policy struct {
	// Ref names the NetworkPolicy.
	Ref           report.Ref
	Before, After *yaml.RNode
}

// Convert converts the NetworkPolicies in a YAML text. Findings refer to the text as file.
// An error means that the text cannot be read.
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

// Bytes returns the whole text.
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

// aliasError returns an error that continues the text "document 1".
func aliasError(f report.Finding) error {
	return fmt.Errorf("cannot be read: %s: %s", f.Field, f.Message)
}

// addOther keeps a resource of another kind for the proof. It skips templates and malformed
// resources of kinds that are never read. Both stay unchanged in the text.
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

// malformed adds findings, with their file and document.
func (t *Text) malformed(found report.Findings, at report.Ref) {
	for _, f := range found {
		f.Resource.File, f.Resource.Index = at.File, at.Index
		t.Findings = append(t.Findings, f)
	}
}

// policy converts one policy in place, and reports whether it did.
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

// resourcesIn returns the resources of a list, as kubectl writes it, and of nested lists. It
// returns a resource that is not a list as the only one.
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

// isNetworkPolicy reports whether a resource is a NetworkPolicy of Kubernetes, in any version,
// or a NetworkPolicyList.
func isNetworkPolicy(n *yaml.Node) bool {
	group, _, _ := strings.Cut(text(n, "apiVersion"), "/")
	return (group == "networking.k8s.io" || group == "extensions") && strings.HasPrefix(text(n, "kind"), "NetworkPolicy")
}
