package fn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/internal/resource"
)

// addComments writes comments into the policies of the fence as a person does: above a
// line, behind it or below it.
func addComments(t *testing.T, items []*yaml.RNode, r *rand.Rand) []*yaml.RNode {
	t.Helper()
	out := copied(items)
	for i, n := range out {
		if n.GetLabels()[resource.LabelFence] != "platform" {
			continue
		}
		node, err := yaml.Parse(commented(n.MustString(), r))
		if err != nil {
			t.Fatal(err)
		}
		// The writer has normalized the comment by then.
		out[i] = rewritten(t, rewritten(t, []*yaml.RNode{node}))[0]
	}
	return out
}

func commented(policy string, r *rand.Rand) string {
	var out strings.Builder
	literal := -1
	for i, line := range strings.Split(strings.TrimSuffix(policy, "\n"), "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if literal >= 0 && indent > literal {
			fmt.Fprintln(&out, line)
			continue
		}
		literal = -1
		if strings.HasSuffix(line, "|-") || strings.HasSuffix(line, "|") {
			literal = indent
		}
		word := fmt.Sprintf("# comment %d", i)
		switch r.IntN(8) {
		case 0:
			fmt.Fprintf(&out, "%s%s\n%s\n", line[:indent], word, line)
		case 1:
			fmt.Fprintf(&out, "%s %s\n", line, word)
		case 2:
			if literal < 0 {
				fmt.Fprintf(&out, "%s\n%s%s\n\n", line, line[:indent], word)
				continue
			}
			fallthrough
		default:
			fmt.Fprintln(&out, line)
		}
	}
	return out.String()
}

func walk(n *yaml.Node, visit func(n *yaml.Node)) {
	for _, c := range n.Content {
		visit(c)
		walk(c, visit)
	}
}

func comments(n *yaml.Node) []string {
	out := commentsOf(n)
	walk(n, func(n *yaml.Node) { out = append(out, commentsOf(n)...) })
	return out
}

func commentsOf(n *yaml.Node) []string {
	var out []string
	for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
		if c != "" {
			out = append(out, c)
		}
	}
	return out
}

// expectedComments are the comments on nodes of have that exist in want as well: keys of a
// mapping that has them still, and elements of a list that has their equal.
func expectedComments(have, want *yaml.Node) []string {
	out := commentsOf(have)
	switch {
	case have.Kind != want.Kind || have.Kind == yaml.ScalarNode:
	case have.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(have.Content); i += 2 {
			for j := 0; j+1 < len(want.Content); j += 2 {
				if have.Content[i].Value == want.Content[j].Value {
					out = append(out, commentsOf(have.Content[i])...)
					out = append(out, expectedComments(have.Content[i+1], want.Content[j+1])...)
				}
			}
		}
	default:
		for _, h := range have.Content {
			if slices.ContainsFunc(want.Content, func(w *yaml.Node) bool { return withoutComments(h) == withoutComments(w) }) {
				out = append(out, comments(h)...)
			}
		}
	}
	return out
}

// withoutComments is a node without its comments.
func withoutComments(n *yaml.Node) string {
	c := yaml.CopyYNode(n)
	c.HeadComment, c.LineComment, c.FootComment = "", "", ""
	walk(c, func(n *yaml.Node) { n.HeadComment, n.LineComment, n.FootComment = "", "", "" })
	return yaml.NewRNode(c).MustString()
}
