package docs_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/tenantfence/tenantfence/api/v1alpha1"
	"github.com/tenantfence/tenantfence/internal/cli"
)

var update = flag.Bool("update", false, "rewrite what pages show of the program's output")

const examples = "kustomization-examples"

// TestMain is also the program tenantfence, which testscript puts on the PATH.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tenantfence": func() {
		os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}})
}

// block is a fenced block of a page, or the text before one.
type block struct {
	// info has the language and the options of a block. It is empty for text.
	info []string
	text string
}

// TestGuides does what each page shows, from top to bottom, in a folder with the examples:
//
//	sh              runs each line, which must succeed
//	sh cluster      needs a cluster, or folders that the page only describes: its commands of tenantfence must exist
//	console         runs each line after "$ ", and compares what it prints; "…" in a line of its own is any lines
//	yaml, diff, text whose first line is "# FILE": equals the file
//	yaml, text whose first line is "# kustomize build DIR" or "# part of FILE": is a part of it
//	FORMAT save     writes the file that the first line names
//	diff apply      changes files, as git apply does
//	FORMAT output   is what the last command of the sh block before wrote to standard output
//
// With -update, console blocks have what the commands print.
func TestGuides(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: runs the commands of every page")
	}
	for _, page := range pages(t) {
		name := path.Join("docs", filepath.ToSlash(page))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := read(t, page)
			blocks := blocksOf(content)
			g := newGuide(t, name)
			for i := range blocks {
				g.do(t, &blocks[i])
			}
			if got := join(blocks); got != content && *update {
				if err := os.WriteFile(page, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// generated are pages that are not executed, because the program or its catalogue writes them.
var generated = []string{"api.md", "checks.md", "commands.md"}

// pages are all pages for users: the README, those of the examples, and those in docs.
func pages(t *testing.T) []string {
	t.Helper()
	out := []string{filepath.Join("..", "README.md")}
	for _, pattern := range []string{"*.md", "*/*.md", "../" + examples + "/*/README.md"} {
		found, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	return slices.DeleteFunc(out, func(page string) bool {
		return slices.Contains(generated, filepath.Base(page)) || filepath.Dir(page) == "decisions"
	})
}

var fence = regexp.MustCompile("(?ms)^`{3}([a-z]+[^\n]*)\n(.*?\n)`{3}\n")

func blocksOf(page string) []block {
	var out []block
	at := 0
	for _, m := range fence.FindAllStringSubmatchIndex(page, -1) {
		out = append(out, block{text: page[at:m[0]]}, block{info: strings.Fields(page[m[2]:m[3]]), text: page[m[4]:m[5]]})
		at = m[1]
	}
	return append(out, block{text: page[at:]})
}

func join(blocks []block) string {
	var b strings.Builder
	for _, it := range blocks {
		if it.info == nil {
			b.WriteString(it.text)
			continue
		}
		b.WriteString("```" + strings.Join(it.info, " ") + "\n" + it.text + "```\n")
	}
	return b.String()
}

// guide is the folder in which a page is executed.
type guide struct{ dir, printed string }

func newGuide(t *testing.T, page string) *guide {
	t.Helper()
	g := &guide{dir: t.TempDir()}
	if err := os.CopyFS(filepath.Join(g.dir, examples), os.DirFS(filepath.Join("..", examples))); err != nil {
		t.Fatalf("%s: %v", page, err)
	}
	return g
}

// do executes a block.
func (g *guide) do(t *testing.T, b *block) {
	t.Helper()
	option := ""
	if len(b.info) > 1 {
		option = b.info[1]
	}
	source, rest, named := sourceOf(b.text)
	switch {
	case option == "save":
		g.save(t, source, b.text)
	case option == "apply":
		g.run(t, "git apply -", b.text)
	case option == "output":
		b.text = expect(t, "the command before", b.text, g.printed)
	case b.info == nil, b.info[0] == "mermaid", b.info[0] == "json":
	case b.info[0] == "console":
		g.console(t, b)
	case b.info[0] == "sh" && option == "cluster":
		checkCommands(t, b.text)
	case b.info[0] == "sh":
		for _, line := range commands(b.text) {
			g.run(t, line, "")
		}
	case b.info[0] == "yaml" && !named:
		checkYAML(t, b.text)
	case named:
		g.compare(t, source, rest)
	default:
		t.Errorf("a block is %q, which is no kind of block that is executed, and names no file:\n%s", strings.Join(b.info, " "), b.text)
	}
}

var sourceLine = regexp.MustCompile(`^# ((?:part of )?[\w./-]+|kustomize build [\w./-]+)\n`)

// sourceOf is the file or build that the first line of a block names, and the other lines.
func sourceOf(text string) (source, rest string, named bool) {
	m := sourceLine.FindStringSubmatch(text)
	if m == nil {
		return "", text, false
	}
	return m[1], text[len(m[0]):], true
}

// commands splits lines of a shell. A line continues after a \.
func commands(text string) []string {
	return slices.DeleteFunc(strings.Split(strings.ReplaceAll(text, "\\\n", " "), "\n"), func(line string) bool {
		return strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#")
	})
}

// run runs a command that must succeed. Commands of make only run tests, so that the target must exist.
func (g *guide) run(t *testing.T, line, stdin string) {
	t.Helper()
	if fields := strings.Fields(line); fields[0] == "make" {
		if !strings.Contains(read(t, "../Makefile"), "\n"+fields[1]+":") {
			t.Errorf("make has no target %s", fields[1])
		}
		return
	}
	var stderr bytes.Buffer
	stdout, err := g.output(line, stdin, &stderr)
	if err != nil {
		t.Errorf("$ %s\n%s%s%v", line, stdout, stderr.String(), err)
	}
	g.printed = stdout
}

// output is what a command writes to standard output. Without stderr, it also has what the command writes there.
func (g *guide) output(line, stdin string, stderr *bytes.Buffer) (string, error) {
	tools, err := filepath.Abs(filepath.Join("..", "bin"))
	if err != nil {
		return "", err
	}
	cmd := exec.Command("bash", "-c", line) //nolint:gosec,noctx // The line is that of a page.
	cmd.Dir, cmd.Stdin = g.dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":"+tools, "HOME="+g.dir, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=you", "GIT_AUTHOR_EMAIL=you@example.com", "GIT_COMMITTER_NAME=you", "GIT_COMMITTER_EMAIL=you@example.com",
		"GIT_AUTHOR_DATE=2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2026-01-01T00:00:00Z")
	var out bytes.Buffer
	if cmd.Stdout, cmd.Stderr = &out, &out; stderr != nil {
		cmd.Stderr = stderr
	}
	err = cmd.Run()
	return out.String(), err
}

// console runs the commands of a block, and compares what they print.
func (g *guide) console(t *testing.T, b *block) {
	t.Helper()
	var all strings.Builder
	for _, part := range strings.Split("\n"+b.text, "\n$ ")[1:] {
		line, want := command(part)
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		got, _ := g.output(strings.ReplaceAll(line, "\\\n", ""), "", nil)
		if got != "" && !strings.HasSuffix(got, "\n") {
			got += "\n"
		}
		all.WriteString("$ " + line + "\n" + expect(t, "$ "+line, want, got))
	}
	b.text = all.String()
}

// command splits the text after a prompt into the command, which continues after a \, and what it prints.
func command(text string) (line, printed string) {
	for {
		next, rest, _ := strings.Cut(text, "\n")
		line, text = line+next, rest
		if !strings.HasSuffix(next, "\\") {
			return line, text
		}
		line += "\n"
	}
}

// expect compares an output with what a page shows. It returns what the page shows from now on.
func expect(t *testing.T, command, shown, got string) string {
	t.Helper()
	if matches(got, shown) {
		return shown
	}
	if !*update {
		t.Errorf("%s\nprints something else: run go test ./docs -run TestGuides -update, and read what changes\n%s", command, cmp.Diff(shown, got))
	}
	return got
}

// matches compares an output with a text in which a line with … is any lines.
func matches(got, want string) bool {
	parts := strings.Split("\n"+want, "\n…\n")
	if len(parts) == 1 {
		return got == want
	}
	got = "\n" + got
	for i, part := range parts {
		switch {
		case i == 0 && !strings.HasPrefix(got, part):
			return false
		case i == 0:
			got = got[len(part):]
		case i == len(parts)-1:
			return part == "" || strings.HasSuffix(got, "\n"+part)
		default:
			at := strings.Index(got, "\n"+part)
			if at < 0 {
				return false
			}
			got = got[at+1+len(part):]
		}
	}
	return true
}

func (g *guide) save(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(g.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// compare compares a block with the file or build that it names. A saved file may have this line, too.
func (g *guide) compare(t *testing.T, source, text string) {
	t.Helper()
	if strings.HasPrefix(source, "kustomize build ") {
		got, err := g.output("kustomize build --enable-alpha-plugins --enable-exec "+strings.TrimPrefix(source, "kustomize build "), "", new(bytes.Buffer))
		if err != nil || !strings.Contains("---\n"+got, "---\n"+text) {
			t.Errorf("%s does not contain (%v):\n%s", source, err, text)
		}
		return
	}
	file, part := strings.CutPrefix(source, "part of ")
	data, err := os.ReadFile(filepath.Join(g.dir, filepath.FromSlash(file)))
	if os.IsNotExist(err) {
		data, err = os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
	}
	got := strings.TrimPrefix(string(data), "# "+source+"\n")
	if err != nil || text == "" || got != text && (!part || !strings.Contains(got, text)) {
		t.Errorf("the block differs from %s (%v):\n%s", source, err, cmp.Diff(text, got))
	}
}

// checkYAML decodes a block that names no file.
func checkYAML(t *testing.T, text string) {
	t.Helper()
	n, err := yaml.Parse(text)
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	var errs field.ErrorList
	if n.GetApiVersion() != v1alpha1.APIVersion {
		return
	}
	switch n.GetKind() {
	case v1alpha1.KindTenant:
		_, errs = v1alpha1.Decode[v1alpha1.Tenant](n, nil)
	case v1alpha1.KindFenceProfile:
		_, errs = v1alpha1.Decode[v1alpha1.FenceProfile](n, nil)
	case v1alpha1.KindTenantFence:
		_, errs = v1alpha1.Decode[v1alpha1.TenantFence](n, nil)
	case v1alpha1.KindFlowTest:
		_, errs = v1alpha1.Decode[v1alpha1.FlowTest](n, nil)
	case v1alpha1.KindExternalResources:
		_, errs = v1alpha1.Decode[v1alpha1.ExternalResources](n, nil)
	}
	if len(errs) > 0 {
		t.Errorf("%v:\n%s", errs, text)
	}
}

// checkCommands requires that the commands of tenantfence in a block exist.
func checkCommands(t *testing.T, text string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)(?:^|\| *)tenantfence ([a-z]+)`).FindAllStringSubmatch(strings.ReplaceAll(text, "\\\n", " "), -1) {
		var out bytes.Buffer
		if cli.Run([]string{m[1], "--help"}, strings.NewReader(""), &out, &out) != 0 {
			t.Errorf("tenantfence has no command %s", m[1])
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
