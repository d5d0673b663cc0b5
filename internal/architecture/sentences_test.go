package architecture

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// formatVerb is a verb of fmt. It counts as one word.
var formatVerb = regexp.MustCompile(`%[-+#0-9.]*[a-zA-Z]`)

// TestSentencesOfTheAPIAreShort limits the sentences of API comments, which the reference shows.
func TestSentencesOfTheAPIAreShort(t *testing.T) {
	for _, file := range load(t) {
		if file.dir != "api/v1alpha1" {
			continue
		}
		for _, comment := range file.syntax.Comments {
			checkSentences(t, file, comment, comment.Text())
		}
	}
}

// TestSentencesOfMessagesAreShort limits the sentences in texts of the program. Help texts are texts, too.
func TestSentencesOfMessagesAreShort(t *testing.T) {
	for _, file := range load(t) {
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			literal, is := node.(*ast.BasicLit)
			if !is || literal.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(literal.Value); err == nil {
				checkSentences(t, file, literal, formatVerb.ReplaceAllString(text, "value"))
			}
			return true
		})
	}
}

func checkSentences(t *testing.T, file source, node ast.Node, text string) {
	t.Helper()
	for _, s := range sentences(text) {
		if words := len(strings.Fields(s)); words > maxWords {
			t.Errorf("%s: a sentence has %d words, at most %d: split it: %.100s", file.at(node), words, maxWords, s)
		}
	}
}
