package docs_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantfence/tenantfence/internal/cli"
)

//go:generate go test -run ^(TestCommandsPage|TestSystems|TestNavigation)$ -count=1 -update .

// TestCommandsPage compares reference/commands.md with the help of each command.
func TestCommandsPage(t *testing.T) {
	var page strings.Builder
	page.WriteString("<!-- Generated from the help of each command by make generate. -->\n# The commands\n\n`tenantfence COMMAND --help` prints the text of this page.\n")
	command := regexp.MustCompile(`(?m)^ {2}([a-z]+) +\S`)
	section := regexp.MustCompile(`(?ms)^Available Commands:\n(.*?)\n\n`)
	root := help(t)
	fmt.Fprintf(&page, "\n```text\n%s```\n", root)
	for _, m := range command.FindAllStringSubmatch(section.FindString(root), -1) {
		if m[1] == "help" || m[1] == "completion" {
			continue
		}
		fmt.Fprintf(&page, "\n## %s\n\n```text\n%s```\n", m[1], help(t, m[1]))
	}
	shows(t, filepath.Join("reference", "commands.md"), page.String())
}

func help(t *testing.T, command ...string) string {
	t.Helper()
	var out bytes.Buffer
	if cli.Run(append(command, "--help"), strings.NewReader(""), &out, &out) != 0 {
		t.Fatal(out.String())
	}
	return out.String()
}

const (
	index  = "index.md"
	footer = "\n---\n\n"
)

var (
	pageLink = regexp.MustCompile(`\]\(([a-z][\w/-]*\.md)\)`)
	title    = regexp.MustCompile(`(?m)^# (.+)$`)
)

// TestNavigation requires that the index lists each page once, and that each page links to the one before and the
// one after it there.
func TestNavigation(t *testing.T) {
	order := []string{index}
	for _, m := range pageLink.FindAllStringSubmatch(read(t, index), -1) {
		if slices.Contains(order, m[1]) {
			t.Errorf("%s links to %s twice", index, m[1])
		}
		order = append(order, m[1])
	}
	for _, pattern := range []string{"*.md", "*/*.md"} {
		found, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range found {
			if page = filepath.ToSlash(page); !slices.Contains(order, page) && !strings.HasPrefix(page, "decisions/") {
				t.Errorf("%s does not link to %s", index, page)
			}
		}
	}
	for i, page := range order[1:] {
		links := []string{"← " + link(t, page, order[i])}
		if i > 0 {
			links = append(links, link(t, page, index))
		}
		if i+2 < len(order) {
			links = append(links, link(t, page, order[i+2])+" →")
		}
		text, _, _ := strings.Cut(read(t, page), footer+"← ")
		shows(t, page, strings.TrimRight(text, "\n")+"\n"+footer+strings.Join(links, " · ")+"\n")
	}
}

// link is a link between two pages, named by the title of the other one.
func link(t *testing.T, from, to string) string {
	t.Helper()
	target, err := filepath.Rel(filepath.Dir(filepath.FromSlash(from)), filepath.FromSlash(to))
	if err != nil {
		t.Fatal(err)
	}
	m := title.FindStringSubmatch(read(t, to))
	if m == nil {
		t.Fatalf("%s has no title", to)
	}
	return fmt.Sprintf("[%s](%s)", m[1], filepath.ToSlash(target))
}

// shows requires the content of a page up to its links, or writes it with -update.
func shows(t *testing.T, page, want string) {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(page))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	got := string(data)
	if text, _, hasLinks := strings.Cut(got, footer+"← "); hasLinks && !strings.Contains(want, footer+"← ") {
		got = text
	}
	if strings.TrimRight(got, "\n") == strings.TrimRight(want, "\n") {
		return
	}
	if !*update {
		t.Errorf("run make generate: %s differs: %s", page, cmp.Diff(got, want))
		return
	}
	if err := os.WriteFile(filepath.FromSlash(page), []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}
