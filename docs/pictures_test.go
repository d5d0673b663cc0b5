package docs_test

import (
	"bytes"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/template"

	"github.com/tenantfence/tenantfence/internal/cli"
)

// colors are those of a picture, for one theme.
type colors struct{ Ground, Panel, Line, Text, Dim, Strong string }

// themes are the themes of GitHub.
var themes = map[string]colors{
	"light": {Ground: "#ffffff", Panel: "#dafbe1", Line: "#d0d7de", Text: "#1f2328", Dim: "#57606a", Strong: "#1a7f37"},
	"dark":  {Ground: "#0d1117", Panel: "#12261e", Line: "#30363d", Text: "#e6edf3", Dim: "#9198a1", Strong: "#3fb950"},
}

// TestPictures compares the pictures with what the program prints now, in both themes. make docs writes them.
func TestPictures(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	quickstart := filepath.Join("..", examples, "quickstart")
	demo := run(t, "verify", filepath.Join("..", examples, "soctalk"), "-o", "summary")
	for name, picture := range map[string]func(colors) any{
		"terminal": func(c colors) any { return terminalOf("make demo", demo, c) },
		"concept": func(c colors) any {
			return conceptOf(run(t, "build", quickstart), lastLine(run(t, "verify", quickstart)), c)
		},
	} {
		drawing := template.Must(template.ParseFiles(filepath.Join("testdata", name+".svg.tmpl")))
		for theme, c := range themes {
			var out bytes.Buffer
			if err := drawing.Execute(&out, picture(c)); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("pictures", name+"-"+theme+".svg")
			if data, err := os.ReadFile(file); err == nil && bytes.Equal(data, out.Bytes()) {
				continue
			}
			if !*update {
				t.Errorf("%s is not what the program prints: run make docs", file)
				continue
			}
			if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// run is what a successful command writes to standard output.
func run(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if cli.Run(args, strings.NewReader(""), &stdout, &stderr) != 0 {
		t.Fatalf("tenantfence %s: %s", strings.Join(args, " "), stderr.String())
	}
	return stdout.String()
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return lines[len(lines)-1]
}

// line is a line of text in a picture. Without a width, its font decides how wide it is.
type line struct {
	X, Y, Width  int
	Text         string
	Code, Strong bool
}

// terminal is a terminal with a command and its output.
type terminal struct {
	Width, Height int
	Label         string
	Lines         []line
	Colors        colors
}

func terminalOf(command, output string, c colors) terminal {
	const rowHeight, columnWidth, margin = 18, 8, 16
	t := terminal{Label: "The output of " + command, Colors: c}
	columns := 0
	for i, text := range strings.Split("$ "+command+"\n"+strings.TrimRight(output, "\n"), "\n") {
		size := len([]rune(text))
		columns = max(columns, size)
		t.Lines = append(t.Lines, line{Y: 28 + rowHeight*i, Width: columnWidth * size, Text: strings.ReplaceAll(html.EscapeString(text), " ", "\u00a0"), Strong: i == 0 || strings.HasPrefix(text, "verified")})
	}
	t.Width, t.Height = 2*margin+columnWidth*columns, 22+margin+rowHeight*(len(t.Lines)-1)+10
	return t
}

// box is a box with a title and lines.
type box struct {
	X, Y, Width, Height int
	TextX, TitleY       int
	Title               string
	Lines               []line
	Strong              bool
}

func boxAt(x, y, width, height int, title string, lines ...line) box {
	b := box{X: x, Y: y, Width: width, Height: height, TextX: x + 14, TitleY: y + 24, Title: title}
	for i, l := range lines {
		l.X, l.Y, l.Text = x+14, y+46+20*i, html.EscapeString(l.Text)
		b.Lines = append(b.Lines, l)
	}
	return b
}

// concept is the way from what teams declare to the cluster.
type concept struct {
	Label  string
	Boxes  []box
	Arrows []string
	Colors colors
}

var policyName = regexp.MustCompile(`(?m)^kind: (?:Cilium|NetworkPolicy)[^\n]*\n(?:[^\n-][^\n]*\n)*?  name: (\S+)$`)

func conceptOf(policies, verified string, c colors) concept {
	var names []line
	for _, m := range policyName.FindAllStringSubmatch(policies, -1) {
		names = append(names, line{Text: m[1], Code: true})
	}
	outcome, counts, _ := strings.Cut(verified, ": ")
	proof := []line{{Text: "by Cilium's own policy engine"}}
	for part := range strings.SplitSeq(counts, ", ") {
		proof = append(proof, line{Text: part})
	}
	fence := boxAt(356, 110, 160, 110, "tenantfence", line{Text: "generates policies"}, line{Text: "in place, and"}, line{Text: "decides each flow"})
	fence.Strong = true
	result := boxAt(634, 184, 310, 126, outcome, proof...)
	result.Strong = true
	return concept{
		Label: "A FenceProfile, Tenants and the workloads of a kustomize build become network policies, which Cilium's own engine decides",
		Boxes: []box{
			boxAt(16, 20, 262, 90, "FenceProfile", line{Text: "the platform team describes the"}, line{Text: "cluster, and sets limits"}),
			boxAt(16, 120, 262, 90, "Tenant", line{Text: "each team declares the flows"}, line{Text: "that its pods need"}),
			boxAt(16, 220, 262, 90, "the kustomize build", line{Text: "workloads, Services,"}, line{Text: "hand-written policies"}),
			fence,
			boxAt(634, 20, 310, 60+20*len(names), "policies for the cluster", names...),
			result,
		},
		Arrows: []string{"M278 65H318V140H352", "M278 165H352", "M278 265H318V190H352", "M516 145H576V90H630", "M516 185H576V247H630"},
		Colors: c,
	}
}
