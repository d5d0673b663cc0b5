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

// maxNodes is how many nodes the aliases of a text or an item may stand for.
const maxNodes = 1_000_000

// ReadYAML reads the documents of YAML, with their aliases expanded. Lists stay as they
// are. Aliases that cannot be expanded are an AliasError: expanding them would end the
// process.
func ReadYAML(data []byte) ([]*yaml.RNode, error) {
	if found := UnexpandableAliases(data); len(found) > 0 {
		return nil, AliasError(found)
	}
	return (&kio.ByteReader{Reader: bytes.NewReader(data), OmitReaderAnnotations: true, DisableUnwrapping: true, AnchorsAweigh: true}).Read()
}

// MergeKey is the number of the first document with a merge key (<<), and whether there is
// one. Programs differ in whether it overrides the keys beside it.
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

// documents are the documents of YAML with their numbers, from 0, without those that are no
// YAML. Aliases in them are not expanded.
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

// AliasError are the findings about aliases that cannot be expanded.
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

// separator is where kustomize's reader splits documents.
var separator = regexp.MustCompile(`\n---.*\n`)

// UnexpandableAliases finds the documents of YAML whose aliases cannot be expanded: those that contain
// themselves, and those that stand for more than a limit. Resource.Index is the document.
// It reads what kustomize's reader reads, and nothing is found in what is no YAML.
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
		// After the limit, every document is too much.
		if nodes = e.nodes; nodes > maxNodes {
			break
		}
	}
	return out
}

func mayHaveAliases(data []byte) bool {
	return bytes.IndexByte(data, '&') >= 0 && bytes.IndexByte(data, '*') >= 0
}

// expansion walks a document as it is after its aliases are expanded.
type expansion struct {
	// texts reports whether strings may be YAML that kustomize reads, such as patches.
	texts bool
	// nodes counts those within aliases, and aliases are how many are around a node.
	nodes, aliases int
	ancestors      map[*yaml.Node]bool
}

// unexpandable is an alias that cannot be expanded, and why.
type unexpandable struct{ field, message string }

// check finds the first alias that cannot be expanded, nil where all can.
func (e *expansion) check(root *yaml.Node) *unexpandable {
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
		return &unexpandable{message: "is an alias of something around it, and so has no end: write it without the alias"}
	}
	if e.aliases > 0 {
		if e.nodes++; e.nodes > maxNodes {
			return &unexpandable{message: fmt.Sprintf("stands for more than %d values once its aliases are expanded: write it without aliases", maxNodes)}
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

// text looks into a string that may be YAML.
func (e *expansion) text(n *yaml.Node) *unexpandable {
	if !e.texts || e.aliases > 0 || !mayHaveAliases([]byte(n.Value)) {
		return nil
	}
	found := UnexpandableAliases([]byte(n.Value))
	if len(found) == 0 {
		return nil
	}
	return &unexpandable{message: "is YAML that cannot be read: " + AliasError(found[:1]).Error()}
}

// step is the part of a path that leads to an element of a node.
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
