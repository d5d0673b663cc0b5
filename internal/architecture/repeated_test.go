package architecture

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repeatedWords is the number of successive words from which a text of two pages counts as repeated.
const repeatedWords = 10

// noProse are lines of indented blocks and of pictures.
var noProse = regexp.MustCompile(`(?m)^(?: {4}.*| *<.*)$`)

// TestNothingIsExplainedTwice requires that each page explains what no other page does: the others link to it.
// Generated pages have what the program prints, which their sources own.
func TestNothingIsExplainedTwice(t *testing.T) {
	owner := map[string]string{}
	for _, name := range documents(t) {
		if name == "CHANGELOG.md" || strings.HasPrefix(readDocument(t, name), "<!-- Generated") {
			continue
		}
		var own []string
		for _, sentence := range sentences(noProse.ReplaceAllString(readDocument(t, name), "")) {
			words := strings.Fields(plainWords(sentence))
			for i := 0; i+repeatedWords <= len(words); i++ {
				own = append(own, strings.Join(words[i:i+repeatedWords], " "))
			}
		}
		slices.Sort(own)
		reported := ""
		for _, run := range slices.Compact(own) {
			if other := owner[run]; other != "" && other != reported {
				t.Errorf("%s and %s both have %q: let one explain it, and the other one link to it", other, name, run)
				reported = other
			}
			owner[run] = name
		}
	}
}

// plainWords are the words of a sentence without its markup.
func plainWords(sentence string) string {
	sentence = markdownLink.ReplaceAllString(sentence, "")
	return strings.Join(strings.FieldsFunc(strings.ToLower(sentence), func(r rune) bool {
		return strings.ContainsRune(" .,:;!?*_[]()|#>-\"'", r)
	}), " ")
}

// TestRepeatedSentences requires that markup and case do not hide a repetition.
func TestRepeatedSentences(t *testing.T) {
	for _, pair := range [][2]string{
		{"**A tenant** may [leave](a.md) the fence", "a tenant may leave the fence."},
		{"- Both sides, and each port", "Both sides and each port"},
	} {
		if plainWords(pair[0]) != plainWords(pair[1]) {
			t.Errorf("%q and %q", plainWords(pair[0]), plainWords(pair[1]))
		}
	}
}
