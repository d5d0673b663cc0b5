package resource

import (
	"bytes"
	"fmt"
	"iter"
	"regexp"
	"strings"

	"github.com/tenantfence/tenantfence/internal/report"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// maxNodes is the largest number of nodes in a text or an item after its aliases are expanded.
const maxNodes = 1_000_000

// ReadYAML parses YAML documents and expands their aliases. It does not split lists of resources.
// It returns an AliasError for aliases that cannot be expanded, because expanding them exhausts the
// memory.
func ReadYAML(data []byte) ([]*yaml.RNode, error) {
	if found := UnexpandableAliases(data); len(found) > 0 {
		return nil, AliasError(found)
	}
	return (&kio.ByteReader{Reader: bytes.NewReader(data), OmitReaderAnnotations: true, DisableUnwrapping: true, AnchorsAweigh: true}).Read()
}

// MergeKey returns the index of the first document with a merge key (<<), and whether one exists.
// Programs differ in whether it overrides the other keys of the mapping.
func MergeKey(data []byte) (int, bool) {
	if !bytes.Contains(data, []byte("<<")) {
		return 0, false
	}
	for i, root := range documents(data) {
		if merges(root) {
			return i + 1, true
		}
	}
	return 0, false
}

// documents returns the YAML documents with their index, without those that are invalid. It does
// not expand their aliases.
func documents(data []byte) iter.Seq2[int, *yaml.Node] {
	return func(yield func(int, *yaml.Node) bool) {
		for i, text := range separator.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), -1) {
			var root yaml.Node
			if yaml.NewDecoder(strings.NewReader(text+"\n")).Decode(&root) == nil && !yield(i, &root) {
				return
			}
		}
	}
}

func merges(n *yaml.Node) bool {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.ShortTag() == "!!merge" || merges(c) {
			return true
		}
	}
	return false
}

// AliasError has the findings about aliases that cannot be expanded.
type AliasError report.Findings

func (e AliasError) Error() string {
	out := make([]string, len(e))
	for i, f := range e {
		out[i] = fmt.Sprintf("document %d: %s", f.Resource.Index+1, f.Message)
		if f.Field != "" {
			out[i] = fmt.Sprintf("document %d: %s: %s", f.Resource.Index+1, f.Field, f.Message)
		}
	}
	return strings.Join(out, "\n")
}

// separator is the pattern with which kustomize's reader splits documents.
var separator = regexp.MustCompile(`\n---.*\n`)

// UnexpandableAliases finds the documents whose aliases cannot be expanded: aliases that contain
// themselves, and aliases that expand to more than maxNodes. Resource.Index is the document. It
// splits documents as kustomize's reader does, and ignores invalid YAML.
func UnexpandableAliases(data []byte) report.Findings {
	if !mayHaveAliases(data) {
		return nil
	}
	var out report.Findings
	nodes := 0
	for i, root := range documents(data) {
		ref := partialRef(content(root))
		ref.File, ref.Index = "", i
		e := expansion{nodes: nodes, texts: ref.Kind != "ConfigMap" && ref.Kind != "Secret"}
		if bad := e.check(root); bad != nil {
			out = append(out, report.New(report.ResourceMalformed, report.Error, ref, bad.field, "%s", bad.message))
		}
		// Above the limit, every further document is a finding.
		if nodes = e.nodes; nodes > maxNodes {
			break
		}
	}
	return out
}

func mayHaveAliases(data []byte) bool {
	return bytes.IndexByte(data, '&') >= 0 && bytes.IndexByte(data, '*') >= 0
}

// expansion walks a document as if its aliases were expanded.
type expansion struct {
	// texts reports whether strings may be YAML that kustomize parses, such as patches.
	texts bool
	// nodes counts nodes within aliases. aliases is the number of aliases around the current node.
	nodes, aliases int
	ancestors      map[*yaml.Node]bool
}

// unexpandable is an alias that cannot be expanded, with the reason.
type unexpandable struct{ field, message string }

// check returns the first alias that cannot be expanded, or nil. A document that is a single text has no
// aliases, and would be checked as a text again without end.
func (e *expansion) check(root *yaml.Node) *unexpandable {
	if n := content(root); n != nil && n.Kind == yaml.ScalarNode {
		return nil
	}
	e.ancestors = map[*yaml.Node]bool{}
	bad := e.walk(root)
	if bad != nil {
		bad.field = strings.TrimPrefix(bad.field, ".")
	}
	return bad
}

func (e *expansion) walk(n *yaml.Node) *unexpandable {
	if n != nil && n.Kind == yaml.AliasNode {
		e.aliases++
		defer func() { e.aliases-- }()
	}
	if n = content(n); n == nil {
		return nil
	}
	if e.ancestors[n] {
		return &unexpandable{message: "is an alias of a value that contains it, so it cannot be expanded: write the value without the alias"}
	}
	if e.aliases > 0 {
		if e.nodes++; e.nodes > maxNodes {
			return &unexpandable{message: fmt.Sprintf("expands to more than %d values: write it without aliases", maxNodes)}
		}
	}
	if n.Kind == yaml.ScalarNode {
		return e.text(n)
	}
	e.ancestors[n] = true
	defer delete(e.ancestors, n)
	for i, c := range n.Content {
		if bad := e.walk(c); bad != nil {
			bad.field = step(n, i) + bad.field
			return bad
		}
	}
	return nil
}

func (e *expansion) text(n *yaml.Node) *unexpandable {
	if !e.texts || e.aliases > 0 || !mayHaveAliases([]byte(n.Value)) {
		return nil
	}
	found := UnexpandableAliases([]byte(n.Value))
	if len(found) == 0 {
		return nil
	}
	return &unexpandable{message: "contains YAML with aliases that cannot be expanded: " + AliasError(found[:1]).Error()}
}

// step is the path segment of an element of a node.
func step(n *yaml.Node, i int) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "." + keyOf(content(n.Content[i-i%2]))
	case yaml.SequenceNode:
		return fmt.Sprintf("[%d]", i)
	default:
		return ""
	}
}
