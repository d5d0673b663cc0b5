package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// filePairs are the values in a file with their keys: host and port of one mapping have keys that differ in the
// last word.
func filePairs(s source) []source {
	root, err := yaml.Parse(s.value)
	if err == nil && root.YNode() != nil && root.YNode().Kind == yaml.MappingNode {
		return keyedScalars(s, root.YNode())
	}
	return linePairs(s)
}

func keyedScalars(s source, root *yaml.Node) []source {
	var out []source
	walkScalars(root, "", "", func(key, _, value string) {
		out = append(out, source{key: key, value: value, kind: s.kind, evidence: s.evidence})
	})
	return out
}

// walkScalars visits the scalars of a node. A key has the position in each list, and a field does not.
func walkScalars(n *yaml.Node, key, field string, visit func(key, field, value string)) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			walkScalars(n.Content[i+1], key+"."+name, field+"."+name, visit)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			walkScalars(c, fmt.Sprintf("%s[%d]", key, i), field, visit)
		}
	case yaml.ScalarNode:
		visit(key, field, n.Value)
	}
}

var (
	linePair    = regexp.MustCompile(`^\s*(?:export\s+)?([A-Za-z][\w.-]*)\s*[=:]\s*["']?([^"'\s,;]+)["']?[,;]?\s*$`)
	lineSection = regexp.MustCompile(`^\s*\[+([^\]]+)\]+\s*$`)
)

// linePairs are the lines key=value and key: value, with the section that they are in.
func linePairs(s source) []source {
	var out []source
	section := ""
	for line := range strings.SplitSeq(withoutComments(s.value), "\n") {
		if m := lineSection.FindStringSubmatch(line); m != nil {
			section = m[1] + "."
		}
		if m := linePair.FindStringSubmatch(line); m != nil {
			out = append(out, source{key: section + m[1], value: m[2], kind: s.kind, evidence: s.evidence})
		}
	}
	return out
}

// pairedHosts are the hosts in a file that have a port next to them.
func pairedHosts(s source) []mention {
	if s.kind != fileText || markup.MatchString(s.evidence) {
		return nil
	}
	pairs := filePairs(s)
	var out []mention
	for _, p := range pairs {
		if m, ok := wholeHost(p, pairs); ok && m.port > 0 && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}
