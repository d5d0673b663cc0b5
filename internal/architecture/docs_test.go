package architecture

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxWords is the longest sentence of a document, in words.
const maxWords = 30

// unlimitedDocs are documents whose sentences may be longer.
var unlimitedDocs = []string{
	"docs/reference/api.md",              // is generated from the comments of the API
	"docs/reference/checks.md",           // is generated from the catalogue
	"docs/decisions/0022-plain-words.md", // lists names
}

var (
	codeSpan     = regexp.MustCompile("`[^`]*`")
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading      = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInAnchor  = regexp.MustCompile(`[^\w-]`)
	listItem     = regexp.MustCompile(`^\s*([-*>]|\d+\.) `)
	sentenceStop = regexp.MustCompile(`[.!?:;]["*)_]*\s+`)
	pathSpan     = regexp.MustCompile("`([A-Za-z0-9_.*-]+(?:/[A-Za-z0-9_.*-]+)*/?)`")
	identifier   = regexp.MustCompile(`^([a-z]\w*)\.([A-Z]\w*)$`)
	makeTarget   = regexp.MustCompile("(?m)(?:`|^)make ([a-z][a-z-]*)")
	goTestRun    = regexp.MustCompile(`go test \./(\S+) -run (Test\w+)`)
)

// TestSentencesAreShort limits the length of sentences in documents.
func TestSentencesAreShort(t *testing.T) {
	for _, name := range documents(t) {
		if slices.Contains(unlimitedDocs, name) {
			continue
		}
		for _, sentence := range sentences(readDocument(t, name)) {
			if words := len(strings.Fields(sentence)); words > maxWords {
				t.Errorf("%s: a sentence has %d words, at most %d: split it: %.100s", name, words, maxWords, sentence)
			}
		}
	}
}

// TestLinksExist checks relative links in documents.
func TestLinksExist(t *testing.T) {
	for _, name := range documents(t) {
		for _, link := range markdownLink.FindAllStringSubmatch(readDocument(t, name), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			if target = path.Join(path.Dir(name), target); strings.HasPrefix(link[1], "#") {
				target = name
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, link[1])
			} else if path.Ext(target) == ".md" && anchor != "" && !slices.Contains(anchors(readDocument(t, target)), anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", name, link[1], target)
			}
		}
	}
}

// anchors are the addresses of the headings in a page, as GitHub forms them.
func anchors(page string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		slug := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(m[1])), " ", "-")
		out = append(out, notInAnchor.ReplaceAllString(slug, ""))
	}
	return out
}

// TestContributorPathsExist checks the files, make targets and tests that CONTRIBUTING.md and
// docs/explanation/architecture.md name.
func TestContributorPathsExist(t *testing.T) {
	makefile := readDocument(t, "Makefile")
	sources := load(t)
	for _, name := range []string{"CONTRIBUTING.md", architecturePage} {
		text := readDocument(t, name)
		paths := 0
		for _, span := range pathSpan.FindAllStringSubmatch(text, -1) {
			if id := identifier.FindStringSubmatch(span[1]); id != nil {
				if !isDeclared(t, sources, id[1], id[2]) {
					t.Errorf("%s names %s, which no package declares", name, span[1])
				}
				continue
			}
			if !strings.Contains(span[1], "/") && path.Ext(span[1]) != ".md" {
				continue // a word, or a file of a golden case
			}
			paths++
			if found, err := filepath.Glob(filepath.Join(root, span[1])); err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which does not exist", name, span[1])
			}
		}
		if paths == 0 {
			t.Errorf("%s names no file", name)
		}
		for _, target := range makeTarget.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+target[1]+":") {
				t.Errorf("%s names make %s, and the Makefile has no such target", name, target[1])
			}
		}
		for _, test := range goTestRun.FindAllStringSubmatch(text, -1) {
			if !hasTest(t, test[1], test[2]) {
				t.Errorf("%s names %s of ./%s, which does not exist", name, test[2], test[1])
			}
		}
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		content, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(content), "\nfunc "+name+"(")
	})
}

// isDeclared reports whether a package of this name declares an identifier.
func isDeclared(t *testing.T, sources []source, pkg, name string) bool {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^(func|type|var|const|\t)\s*` + name + `\b`)
	return slices.ContainsFunc(sources, func(file source) bool {
		if path.Base(file.dir) != pkg {
			return false
		}
		content, err := os.ReadFile(filepath.Join(root, file.path))
		return err == nil && declaration.Match(content)
	})
}

// documents lists the Markdown files.
func documents(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, name := range committed(t) {
		if path.Ext(name) != ".md" || strings.Contains(name, "testdata/") {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		t.Fatal("found no Markdown file")
	}
	return out
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// sentences returns the sentences of a Markdown text without its code blocks. A cell of a table is
// a text of its own, and a code span counts as one word.
func sentences(text string) []string {
	var out []string
	var paragraph strings.Builder
	flush := func() {
		out = append(out, sentenceStop.Split(paragraph.String(), -1)...)
		paragraph.Reset()
	}
	inBlock := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			inBlock = !inBlock
			flush()
			continue
		case inBlock:
			continue
		}
		line = codeSpan.ReplaceAllString(line, "code")
		switch {
		case line == "", strings.HasPrefix(line, "#"):
			flush()
		case strings.HasPrefix(line, "|"):
			flush()
			for cell := range strings.SplitSeq(line, "|") {
				out = append(out, sentenceStop.Split(withoutCode(cell), -1)...)
			}
		default:
			if listItem.MatchString(line) {
				flush()
			}
			paragraph.WriteString(line + " ")
		}
	}
	flush()
	return out
}

// withoutCode drops code spans from a cell, which may be a list of names.
func withoutCode(cell string) string { return strings.ReplaceAll(cell, "code", "") }
