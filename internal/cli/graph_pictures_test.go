package cli_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var drawPictures = flag.Bool("pictures", false, "draw the pictures in docs/pictures that are not up to date, in Chromium")

// picture is a part of the page that graph writes for an example. It is drawn twice, in light and in dark.
type picture struct {
	// name is that of the files, and example a folder of kustomization-examples.
	name, example string
	// part is a CSS selector. Empty: what is visible of the page.
	part string
	// setup is JavaScript that is run first.
	setup string
}

const (
	connections = "#picture svg"
	matrix      = "#matrix table"
	showMatrix  = `document.getElementById("tab-matrix").click()`
)

var examplePictures = []picture{
	{name: "cluster-rollout", example: "cluster-rollout", part: matrix, setup: showMatrix},
	{name: "components", example: "components/platform", part: matrix, setup: showMatrix},
	{name: "layered-tenants", example: "layered-tenants", part: connections},
	{name: "page", example: "soctalk"},
	{name: "page-hops", example: "soctalk", setup: `
		document.querySelector("[aria-label='tenant-acme/StatefulSet/wazuh-manager']").dispatchEvent(new Event("click"));
		const hops = document.getElementById("hops"); hops.value = 3; hops.dispatchEvent(new Event("change")); hops.blur()`},
	{name: "platform-services", example: "platform-services/full", part: connections},
	{name: "policy-guide", example: "policy-guide", part: connections},
	{name: "soctalk", example: "soctalk", part: connections},
	{name: "soctalk-calico", example: "soctalk-calico", part: connections},
}

// page is what graph writes, with a checksum of it and of what is drawn.
func (p picture) page(t *testing.T) (html, sum string) {
	t.Helper()
	html = outputOf(t, "graph", filepath.Join("..", "..", "kustomization-examples", p.example), "-o", "html", "--verify")
	return html, fmt.Sprintf("%x", sha256.Sum256([]byte(html+p.part+p.setup)))
}

// draw draws the page in light and in dark.
func (p picture) draw(t *testing.T, html string) (light, dark []byte) {
	t.Helper()
	height := 760
	if p.part != "" {
		height = 1400 // A table scrolls if it is taller than the window.
	}
	b := openPage(t, html, 1400, height)
	if p.setup != "" {
		b.eval("(() => {" + p.setup + "})()")
	}
	light = b.picture(p.part)
	b.media("dark")
	dark = b.picture(p.part)
	b.loadsNothing()
	return light, dark
}

// TestGraphPictures compares the checksums in docs/pictures with the pages that graph writes now. So a picture that is out
// of date fails without a browser. With -pictures, it is drawn anew.
func TestGraphPictures(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: verifies every example that has a picture")
	}
	dir := filepath.Join("..", "..", "docs", "pictures")
	sums := filepath.Join(dir, "checksums.txt")
	data, err := os.ReadFile(sums)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	written := string(data)
	var want strings.Builder
	var files []string
	for _, p := range examplePictures {
		html, sum := p.page(t)
		line := sum + "  " + p.name + "\n"
		want.WriteString(line)
		light, dark := p.name+"-light.webp", p.name+"-dark.webp"
		files = append(files, dark, light)
		if !*drawPictures || strings.Contains(written, line) {
			continue
		}
		inLight, inDark := p.draw(t, html)
		for name, image := range map[string][]byte{light: inLight, dark: inDark} {
			if err := os.WriteFile(filepath.Join(dir, name), image, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if *drawPictures {
		if err := os.WriteFile(sums, []byte(want.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if d := cmp.Diff(want.String(), written); d != "" {
		t.Errorf("pictures are out of date: run make docs: %s", d)
	}
	got, err := filepath.Glob(filepath.Join(dir, "*.webp"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i] = filepath.Base(got[i])
	}
	slices.Sort(files)
	if d := cmp.Diff(files, got); d != "" {
		t.Errorf("docs/pictures has other pictures: %s", d)
	}
}
